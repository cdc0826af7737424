-- When a landing was recorded; null where an earlier version did. The issue of its review was closed from `issue_was_closed_at` until
-- `issue_reopened_at`, before what `issue_closed_at` says.
ALTER TABLE release_gate.landings
  ADD COLUMN recorded_at timestamptz,
  ADD COLUMN issue_was_closed_at timestamptz,
  ADD COLUMN issue_reopened_at timestamptz;
