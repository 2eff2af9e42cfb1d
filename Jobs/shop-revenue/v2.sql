-- What was sold by day and country, without the tax.

CREATE TABLE orders (
  id BIGINT NOT NULL,
  sold_on BIGINT NOT NULL,
  country STRING NOT NULL,
  gross BIGINT NOT NULL
) WITH (
  'connector' = 'log',
  'topic' = 'orders'
);

CREATE TABLE revenue (
  sold_on BIGINT NOT NULL,
  country STRING NOT NULL,
  orders BIGINT NOT NULL,
  net BIGINT NOT NULL,
  PRIMARY KEY (sold_on, country) NOT ENFORCED
) WITH (
  'connector' = 'log',
  'topic' = 'revenue'
);

INSERT INTO revenue
SELECT sold_on, country, COUNT(*), SUM(gross * 100 / CASE country WHEN 'AT' THEN 120 ELSE 119 END)
FROM orders
GROUP BY sold_on, country;
