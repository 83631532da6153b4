// The screens of the exam page, by name.

export type Screen =
  | "connecting"
  | "free"
  | "sign_in"
  | "pass_code"
  | "confirm"
  | "face_check"
  | "rules"
  | "waiting"
  | "loading"
  | "running"
  | "elsewhere"
  | "paused"
  | "time_over"
  | "handing_in"
  | "handed_in"
  | "moved";
