-- Orders worth at least 20.00, with their total, weight and a label worked out from other columns.

CREATE TABLE orders (
  id BIGINT,
  customer STRING,
  item STRING,
  price_cents BIGINT,
  quantity INT,
  unit_weight DOUBLE,
  ordered_at TIMESTAMP(3),
  total_cents AS price_cents * quantity,
  label AS CONCAT(UPPER(TRIM(customer)), ': ', item)
) WITH (
  'connector' = 'filesystem',
  'path' = 'input/orders.jsonl',
  'format' = 'json'
);

CREATE TABLE large_orders (
  id BIGINT,
  label STRING,
  total_cents BIGINT,
  weight DOUBLE,
  size STRING,
  ordered_at TIMESTAMP(3)
) WITH (
  'connector' = 'filesystem',
  'path' = 'output',
  'format' = 'json'
);

INSERT INTO large_orders
SELECT
  id,
  label,
  total_cents,
  unit_weight * quantity,
  CASE WHEN total_cents >= 100000 THEN 'huge' WHEN total_cents >= 10000 THEN 'large' ELSE 'medium' END,
  ordered_at
FROM orders
WHERE total_cents >= 2000 AND customer IS NOT NULL AND item NOT LIKE 'gift card%';
