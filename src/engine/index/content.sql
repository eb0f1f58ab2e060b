-- Stored copies of a content, by its size and the beginning of its hash.
CREATE INDEX content ON version (size, substr(hash, 1, 8)) WHERE kind = 102 AND size > 0;
