-- Silver: one row per series and time, whatever was delivered, how often and in which order: of several values the greatest.

CREATE TABLE readings (
  origin STRING,
  ts TIMESTAMP(3),
  `value` DOUBLE
) WITH (
  'connector' = 'log',
  'topic' = 'readings'
);

CREATE TABLE measurements (
  series STRING NOT NULL,
  ts TIMESTAMP(3) NOT NULL,
  `value` DOUBLE,
  deliveries BIGINT,
  PRIMARY KEY (series, ts) NOT ENFORCED
) WITH (
  'connector' = 'log',
  'topic' = 'measurements',
  'sink.partitions' = '2'
);

CREATE VIEW named AS
SELECT REGEXP_EXTRACT(origin, '([^/]+)[.]csv$', 1) AS series, ts, `value` FROM readings;

INSERT INTO measurements
SELECT series, ts, MAX(`value`), COUNT(*)
FROM named
WHERE series IS NOT NULL AND ts IS NOT NULL AND `value` IS NOT NULL
GROUP BY series, ts;
