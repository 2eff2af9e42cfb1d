-- Gold: what every series did hour by hour. Late and repeated deliveries correct an hour; no measurement counts twice.

CREATE TABLE measurements (
  series STRING NOT NULL,
  ts TIMESTAMP(3) NOT NULL,
  `value` DOUBLE,
  PRIMARY KEY (series, ts) NOT ENFORCED
) WITH (
  'connector' = 'log',
  'topic' = 'measurements'
);

CREATE TABLE hours (
  series STRING NOT NULL,
  hour_start STRING NOT NULL,
  num BIGINT,
  least DOUBLE,
  greatest DOUBLE,
  PRIMARY KEY (series, hour_start) NOT ENFORCED
) WITH (
  'connector' = 'log',
  'topic' = 'hours'
);

CREATE VIEW hourly AS
SELECT series, SUBSTRING(CAST(ts AS STRING), 1, 13) || ':00' AS hour_start, `value` FROM measurements;

INSERT INTO hours
SELECT series, hour_start, COUNT(*), MIN(`value`), MAX(`value`) FROM hourly GROUP BY series, hour_start;
