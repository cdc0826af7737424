-- Freezes that somebody ordered at once, beside those of the policies: of one repository, or of all (`*`). Those that have ended
-- stay, since a merge is looked at after it happened.
CREATE TABLE release_gate.freezes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  scope text NOT NULL,
  reason text NOT NULL,
  by text NOT NULL,
  since timestamp(3) with time zone NOT NULL,
  until timestamp(3) with time zone,
  ended_at timestamp(3) with time zone
);

CREATE UNIQUE INDEX freezes_one ON release_gate.freezes (scope) WHERE ended_at IS NULL;

-- The time of the last order, so that an old one that is sent again changes nothing.
CREATE TABLE release_gate.freeze_orders (
  scope text PRIMARY KEY,
  at timestamp(3) with time zone NOT NULL
);

ALTER TABLE release_gate.freezes ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.freeze_orders ENABLE ROW LEVEL SECURITY;
