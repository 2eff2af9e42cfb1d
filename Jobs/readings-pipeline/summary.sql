-- What the hours of every series come to: for `sluice sql -f`.

CREATE VIEW summary AS
SELECT series, COUNT(*) AS hours, SUM(num) AS num, MIN(least) AS least, MAX(greatest) AS greatest
FROM hours
GROUP BY series;
