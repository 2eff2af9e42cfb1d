-- Orders as they come in, some thousands a second: a stream that keeps growing, for twenty seconds.

CREATE TABLE shop (
  id BIGINT NOT NULL,
  buyer INT NOT NULL,
  gross BIGINT NOT NULL
) WITH (
  'connector' = 'datagen',
  'rows-per-second' = '8000',
  'fields.id.kind' = 'sequence',
  'fields.id.start' = '9000000',
  'fields.id.end' = '9159999',
  'fields.buyer.min' = '0',
  'fields.buyer.max' = '9',
  'fields.gross.min' = '100',
  'fields.gross.max' = '99999'
);

CREATE TABLE orders (
  id BIGINT NOT NULL,
  sold_on BIGINT NOT NULL,
  country STRING NOT NULL,
  gross BIGINT NOT NULL
) WITH (
  'connector' = 'log',
  'topic' = 'orders',
  'sink.partitions' = '2'
);

INSERT INTO orders
SELECT id, id / 90000, CASE buyer WHEN 0 THEN 'AT' WHEN 1 THEN 'FR' WHEN 2 THEN 'IT' WHEN 3 THEN 'PL' ELSE 'DE' END, gross
FROM shop;
