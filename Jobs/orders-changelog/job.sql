-- What customers spend, by city: aggregates over aggregates, over the changes of a table of orders.

CREATE TABLE orders (
  id BIGINT,
  customer STRING,
  city STRING,
  amount INT,
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'filesystem',
  'path' = 'input/orders.jsonl',
  'format' = 'debezium-json'
);

CREATE TABLE cities (
  city STRING,
  customers BIGINT,
  orders BIGINT,
  spent INT,
  least INT,
  most INT,
  average INT
) WITH (
  'connector' = 'filesystem',
  'path' = 'output',
  'format' = 'debezium-json'
);

CREATE VIEW customers AS
SELECT customer, city, COUNT(*) AS orders, SUM(amount) AS spent
FROM orders
WHERE amount > 0
GROUP BY customer, city;

INSERT INTO cities
SELECT city, COUNT(*), SUM(orders), SUM(spent), MIN(spent), MAX(spent), AVG(spent)
FROM customers
GROUP BY city
HAVING COUNT(*) > 1;
