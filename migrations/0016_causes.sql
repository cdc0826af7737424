-- Which deliveries changed a pull request since its facts were last read: `<generation> <delivery id>`, the newest ones last. The log says
-- so where the verdict changes, and the verdict that knows them empties the list.
ALTER TABLE release_gate.verdicts ADD COLUMN causes text[] NOT NULL DEFAULT '{}';
ALTER TABLE release_gate.unjudged ADD COLUMN causes text[] NOT NULL DEFAULT '{}';
