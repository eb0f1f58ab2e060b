CREATE INDEX content ON version (size, substr(hash, 1, 8)) WHERE kind = 102 AND size > 0;
CREATE INDEX named ON node (name);
