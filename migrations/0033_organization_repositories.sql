-- The repository that the organization's policy was read from, so that a new one with its name is not taken for it, and what the policy
-- locked. Null: it was read by an earlier version, and both are added when it is read the next time.
ALTER TABLE release_gate.organization_policies
  ADD COLUMN repository_id bigint,
  ADD COLUMN locks text;
