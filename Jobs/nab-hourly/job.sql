-- What 47 series of measurements did hour by hour: every file is a series with a watermark of its own.

CREATE TABLE measurements (
  ts TIMESTAMP(3),
  `value` DOUBLE,
  origin STRING NOT NULL METADATA FROM 'file.path' VIRTUAL,
  series AS REGEXP_EXTRACT(origin, '([^/]+)[.]csv$', 1),
  WATERMARK FOR ts AS ts
) WITH (
  'connector' = 'filesystem',
  'path' = 'input',
  'format' = 'csv',
  'csv.skip-header' = 'true'
);

CREATE TABLE hours (
  series STRING,
  hour_start TIMESTAMP(3),
  num BIGINT,
  average DOUBLE,
  least DOUBLE,
  greatest DOUBLE
) WITH (
  'connector' = 'filesystem',
  'path' = 'output/hours',
  'format' = 'json'
);

CREATE TABLE series (
  name STRING,
  hours BIGINT,
  num BIGINT,
  least DOUBLE,
  greatest DOUBLE
) WITH (
  'connector' = 'filesystem',
  'path' = 'output/series',
  'format' = 'debezium-json'
);

CREATE VIEW hourly AS
SELECT
  series,
  window_start AS hour_start,
  COUNT(*) AS num,
  AVG(`value`) AS average,
  MIN(`value`) AS least,
  MAX(`value`) AS greatest
FROM TABLE(TUMBLE(TABLE measurements, DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY series, window_start, window_end;

EXECUTE STATEMENT SET BEGIN

INSERT INTO hours SELECT * FROM hourly;

INSERT INTO series
SELECT series, COUNT(*), SUM(num), MIN(least), MAX(greatest)
FROM hourly
GROUP BY series;

END;
