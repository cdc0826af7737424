-- Exemptions from freezes are shown on the page of their pull request. They are few, so their index is small.
CREATE INDEX audit_records_exemption
  ON release_gate.audit_records (installation_id, (substring(body FROM '"pull":\{"installationId":[0-9]+,"number":([0-9]+),')), seq)
  WHERE kind IN ('exemption ordered', 'exemption confirmed', 'exemption revoked');
