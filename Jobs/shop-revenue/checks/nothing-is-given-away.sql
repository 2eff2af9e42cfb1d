-- Rows are violations.
SELECT * FROM `revenue$candidate` WHERE net <= 0 OR orders <= 0;
