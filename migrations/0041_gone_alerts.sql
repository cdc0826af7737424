-- When the repository of incidents of an alert was found to be gone for good: its job ends, and waits for an operator.
ALTER TABLE release_gate.alert_deliveries ADD COLUMN gone_at timestamp(3) with time zone;
