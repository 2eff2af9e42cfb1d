-- What the mended version may change: nothing else.
EXPECT DIFF IN revenue ONLY IN COLUMNS (net) WHERE country = 'AT';
