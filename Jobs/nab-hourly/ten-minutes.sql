-- The same series by ten minutes. Rows that stand behind a later one of their own file, in whose time their window was
-- over, are late: they are counted and left out.

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

CREATE TABLE series (
  name STRING,
  windows BIGINT,
  num BIGINT,
  least DOUBLE,
  greatest DOUBLE
) WITH (
  'connector' = 'filesystem',
  'path' = 'output/ten-minutes',
  'format' = 'debezium-json'
);

CREATE VIEW ten_minutes AS
SELECT series, COUNT(*) AS num, MIN(`value`) AS least, MAX(`value`) AS greatest
FROM TABLE(TUMBLE(TABLE measurements, DESCRIPTOR(ts), INTERVAL '10' MINUTE))
GROUP BY series, window_start, window_end;

INSERT INTO series
SELECT series, COUNT(*), SUM(num), MIN(least), MAX(greatest) FROM ten_minutes GROUP BY series;
