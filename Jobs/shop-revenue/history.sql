-- The orders of a hundred days, as fast as they can be written: the history that a new version has to replay.

CREATE TABLE shop (
  id BIGINT NOT NULL,
  buyer INT NOT NULL,
  gross BIGINT NOT NULL
) WITH (
  'connector' = 'datagen',
  'rows-per-second' = '100000000',
  'fields.id.kind' = 'sequence',
  'fields.id.start' = '0',
  'fields.id.end' = '8999999',
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
