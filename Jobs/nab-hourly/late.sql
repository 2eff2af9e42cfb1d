-- The series by ten minutes, as in ten-minutes.sql. Rows that come when their window is over are kept in the topic
-- `late$measurements$quarantine`.

SET 'pipeline.name' = 'late';

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
  'csv.skip-header' = 'true',
  'late.policy' = 'quarantine'
);

CREATE TABLE ten_minutes (
  series STRING,
  since TIMESTAMP(3),
  num BIGINT,
  greatest DOUBLE
) WITH (
  'connector' = 'filesystem',
  'path' = 'output/late',
  'format' = 'json'
);

INSERT INTO ten_minutes
SELECT series, window_start, COUNT(*), MAX(`value`)
FROM TABLE(TUMBLE(TABLE measurements, DESCRIPTOR(ts), INTERVAL '10' MINUTE))
GROUP BY series, window_start, window_end;
