-- The settings of the policy by which a run was evaluated, as JSON text; null where an earlier version kept it.
ALTER TABLE release_gate.evidence ADD COLUMN settings text;
