-- When the comments in an incident and in the pull request that names it were written; null: not yet. Those of before were.
ALTER TABLE release_gate.incident_pulls ADD COLUMN noted_at timestamp(3) with time zone;
UPDATE release_gate.incident_pulls SET noted_at = linked_at;
