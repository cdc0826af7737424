-- What an order was about, by the id that GitHub keeps when a repository or an organization gets another name: a repository, or the
-- installation on an organization. Both are null for an order about everything, and for those of earlier versions, which count by the
-- name in `scope`.
ALTER TABLE release_gate.freezes
  ADD COLUMN repository_id bigint,
  ADD COLUMN installation_id bigint;

-- Two repositories may have been frozen under one name, one after the other had it.
DROP INDEX release_gate.freezes_one;
CREATE UNIQUE INDEX freezes_one ON release_gate.freezes (scope, coalesce(repository_id, 0), coalesce(installation_id, 0))
  WHERE ended_at IS NULL;
