-- The branch that the exempted pull request was to be merged into when the exemption was ordered. NULL: ordered by an earlier version.
ALTER TABLE release_gate.exemptions ADD COLUMN base_ref text;
