-- When the oldest change came in that the stored verdict does not know, by the database's own clock: a green check is revoked
-- where it could not be evaluated again within a minute. Empty where the verdict knows all that was heard.
ALTER TABLE release_gate.verdicts ADD COLUMN changed_at timestamp(3) with time zone;

-- Why an open pull request has no verdict yet, where its evaluation has failed.
ALTER TABLE release_gate.unjudged ADD COLUMN problem json;

CREATE INDEX verdicts_changed ON release_gate.verdicts (changed_at) WHERE changed_at IS NOT NULL;
