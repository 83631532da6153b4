/** What can be taken of a camera, and what cannot: pure, nothing of the page. Times: ms since 1970. */

import type { Piece, Row } from "./_player_film";

const JOINED = 1500;
/** Pieces of one connection that are not further apart follow one another. */

export interface Stretch {
  from: number;
  to: number;
  run: string;
}

/** Its file is gone or cannot be read: exam-clips ends a film before it. What lies elsewhere is not told of here. */
export function damaged(piece: Piece): boolean {
  return !piece.codec && !piece.away && !piece.where;
}

function inside(row: Row, from: number, to: number): [Piece, number, number][] {
  const all = row.pieces.map((piece): [Piece, number, number] => [piece, Math.max(from, piece.start), Math.min(to, piece.end)]);
  return all.filter(([, first, last]) => first < last);
}

/** What a camera has of a time, without a hole. What lies on a disk that is away cannot be taken now. */
export function stretches(row: Row, from: number, to: number): Stretch[] {
  const found: Stretch[] = [];
  let before: Stretch | undefined;
  for (const [piece, first, last] of inside(row, from, to)) {
    const run = piece.run ?? "";
    if (piece.where || damaged(piece)) before = undefined;
    else if (before && before.run === run && first - before.to < JOINED) before.to = last;
    else {
      before = { from: first, to: last, run };
      found.push(before);
    }
  }
  return found;
}

/** Less than a second that only the edge of a time lets in is nothing anybody wants as a file. */
export function splinter(one: Stretch, from: number, to: number): boolean {
  return one.to - one.from < 1000 && (one.from <= from || one.to >= to);
}

/** Of which part of a time the files cannot be read, and why. */
export function unreadable(row: Row, from: number, to: number): [number, number, string][] {
  return inside(row, from, to)
    .filter(([piece]) => damaged(piece))
    .map(([piece, first, last]) => [first, last, piece.lost || "unreadable"]);
}

/** Was what is looked at in this camera's view then? */
export function saw(row: Row, from: number, to: number): boolean {
  return row.spans.some(([start, end]) => start < to && end > from);
}

/** How many rows before this one have films of the same times: a camera's films after the clock was set back. */
export function filmed(rows: readonly Row[], row: Row): number {
  return rows.filter((one) => one.camera === row.camera).indexOf(row);
}
