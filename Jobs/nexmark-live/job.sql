-- How many bids each auction has, while they are made: events come into one topic, and the counts are another, a table by
-- its key whose changes anybody can follow.

CREATE TABLE events (
  event_type INT,
  person ROW<
    id BIGINT, name STRING, emailAddress STRING, creditCard STRING, city STRING, state STRING,
    `dateTime` TIMESTAMP(3), extra STRING>,
  auction ROW<
    id BIGINT, itemName STRING, description STRING, initialBid BIGINT, reserve BIGINT, `dateTime` TIMESTAMP(3),
    expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra STRING>,
  bid ROW<
    auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, `dateTime` TIMESTAMP(3), extra STRING>,
  ts AS CASE event_type WHEN 0 THEN person.`dateTime` WHEN 1 THEN auction.`dateTime` ELSE bid.`dateTime` END,
  WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
) WITH (
  'connector' = 'log',
  'topic' = 'events'
);

CREATE VIEW bid AS
SELECT bid.auction AS auction, bid.bidder AS bidder, bid.price AS price, bid.channel AS channel, bid.url AS url, ts,
  bid.extra AS extra
FROM events
WHERE event_type = 2;

CREATE TABLE counts (
  auction BIGINT NOT NULL,
  num BIGINT,
  PRIMARY KEY (auction) NOT ENFORCED
) WITH (
  'connector' = 'log',
  'topic' = 'counts',
  'sink.partitions' = '2'
);

INSERT INTO counts
SELECT auction, COUNT(*) AS num FROM bid WHERE auction IS NOT NULL GROUP BY auction;
