-- Freezes that somebody ordered at once, beside those of the policies. One for each repository, and one for all (`*`).
CREATE TABLE release_gate.freezes (
  scope text PRIMARY KEY,
  reason text NOT NULL,
  by text NOT NULL,
  since timestamp(3) with time zone NOT NULL,
  until timestamp(3) with time zone
);

-- The time of the last order, so that an old one that is sent again changes nothing.
CREATE TABLE release_gate.freeze_orders (
  scope text PRIMARY KEY,
  at timestamp(3) with time zone NOT NULL
);

ALTER TABLE release_gate.freezes ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.freeze_orders ENABLE ROW LEVEL SECURITY;
