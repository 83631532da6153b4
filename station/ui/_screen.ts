// The screens of the exam page, by name.

export type Screen =
  | "connecting"
  | "free"
  | "sign_in"
  | "pass_code"
  | "confirm"
  | "rules"
  | "waiting"
  | "loading"
  | "running"
  | "time_over"
  | "handing_in"
  | "handed_in"
  | "moved";
