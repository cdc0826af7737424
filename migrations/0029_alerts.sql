-- The repository of incidents that a job has taken an alert on for, by its id, and what finds every alert of an incident and those
-- that no job has finished.
ALTER TABLE release_gate.alert_deliveries ADD COLUMN repository_id bigint;

CREATE INDEX alert_deliveries_of_alert ON release_gate.alert_deliveries (source, (alert->>'id'));
CREATE INDEX alert_deliveries_unfinished ON release_gate.alert_deliveries (received_at) WHERE done_at IS NULL;

-- When the issue of an alert was found to be gone: another alert opens another incident.
ALTER TABLE release_gate.alerts ADD COLUMN gone_at timestamp(3) with time zone;
