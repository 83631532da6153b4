// Where pictures are: their address at the box, and the store they are kept in on this computer.

export const PLACE = "/station/api/picture/";
export const KEPT = "exam-pictures";
