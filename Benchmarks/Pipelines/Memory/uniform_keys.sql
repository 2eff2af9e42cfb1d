-- Six million updates, spread evenly over three million keys.

CREATE TABLE updates (
  k BIGINT,
  v BIGINT
) WITH (
  'connector' = 'filesystem',
  'path' = 'input/updates.jsonl',
  'format' = 'json'
);

CREATE TABLE totals (
  k BIGINT,
  num BIGINT,
  total BIGINT
) WITH ('connector' = 'blackhole');

INSERT INTO totals
SELECT k, COUNT(*) AS num, SUM(v) AS total FROM updates GROUP BY k;
