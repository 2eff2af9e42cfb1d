-- Bronze: every measurement as it was delivered, out of files into a topic. Ten companies' tweets are delivered twice.

CREATE TABLE files (
  ts TIMESTAMP(3),
  `value` DOUBLE,
  origin STRING NOT NULL METADATA FROM 'file.path' VIRTUAL
) WITH (
  'connector' = 'filesystem',
  'path' = '../nab-hourly/input',
  'format' = 'csv',
  'csv.skip-header' = 'true'
);

CREATE TABLE readings (
  origin STRING,
  ts TIMESTAMP(3),
  `value` DOUBLE
) WITH (
  'connector' = 'log',
  'topic' = 'readings',
  'sink.partitions' = '2'
);

INSERT INTO readings
SELECT origin, ts, `value` FROM files
UNION ALL
SELECT origin, ts, `value` FROM files WHERE origin LIKE '%Twitter_volume%';
