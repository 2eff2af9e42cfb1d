-- Passengers of New York's taxis per day, from counts per half hour.

CREATE TABLE rides (
  ts STRING,
  passengers INT
) WITH (
  'connector' = 'filesystem',
  'path' = 'input/nyc_taxi.csv',
  'format' = 'csv',
  'csv.skip-header' = 'true'
);

CREATE TABLE days (
  ride_day STRING,
  passengers BIGINT,
  half_hours BIGINT,
  quietest INT,
  busiest INT
) WITH (
  'connector' = 'filesystem',
  'path' = 'output',
  'format' = 'debezium-json'
);

INSERT INTO days
SELECT SUBSTRING(ts, 1, 10), SUM(CAST(passengers AS BIGINT)), COUNT(*), MIN(passengers), MAX(passengers)
FROM rides
GROUP BY SUBSTRING(ts, 1, 10);
