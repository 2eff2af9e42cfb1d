-- Every epoch of 10 ms changes all of a hundred thousand keys.

SET 'execution.checkpointing.interval' = '10 ms';

CREATE TABLE keys (
  k BIGINT
) WITH ('connector' = 'filesystem', 'path' = 'input/keys.jsonl', 'format' = 'json');

CREATE TABLE counts (
  k BIGINT,
  n BIGINT
) WITH ('connector' = 'blackhole');

INSERT INTO counts SELECT k, COUNT(*) FROM keys GROUP BY k;
