-- Downstream: a job of its own over what the job above publishes, whichever version that is.

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

CREATE TABLE totals (
  country STRING NOT NULL,
  days BIGINT NOT NULL,
  orders BIGINT NOT NULL,
  net BIGINT NOT NULL,
  PRIMARY KEY (country) NOT ENFORCED
) WITH (
  'connector' = 'log',
  'topic' = 'totals'
);

INSERT INTO totals
SELECT country, COUNT(*), SUM(orders), SUM(net)
FROM revenue
GROUP BY country;
