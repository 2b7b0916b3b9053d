/**
 * The model store of a session: what every view of it builds on.
 *
 * Inside a view (the skeleton's first rows have arrived there; `Session.tsx` sees to it):
 *
 * - `useModel()` → `Model`: columns by row (`kind`, `startUs`, `step`, …), texts (`names`,
 *   `kinds`, `agents`), and what follows (`rowOfStep`, `order`, `level`, `descendants`, `errors`,
 *   `people`, `lanes`, `idle`, `costSoFar`, …). A new object when rows arrive; read up to `count`.
 * - `useStep()` → the selected step, `useRange()` → the range or null, `useLive()`.
 * - `useSession()` → the store: `select(step)`, `selectRow(row)`, `go("nextError")`,
 *   `setRange({from, to} | null)`, `follow()`, and `state` to read without rendering again.
 * - `useSelector(pick)` → any part of the state; `pick` gives a primitive or the same object.
 * - `isInRange(range, step)`, `shownKind(kind)`, `holds(steps, step)`.
 *
 * The selected step stands in the address as `step` (replaced, and only once the keys are quiet),
 * the range as `range=380-460`. Views bind no key of movement: `Session.tsx` has them all, also
 * j k J K e E h H o m, 1 to 9 and Escape.
 */
export type { SkeletonAct, SkeletonKind } from "./columns";
export type { Idle } from "./derive";
export {
  SessionContext,
  useLive,
  useModel,
  useRange,
  useSelector,
  useSession,
  useStep,
} from "./hooks";
export { type ShownKind, shownKind } from "./kinds";
export type { Lane, Model } from "./model";
export { holds, type Move, placeOf } from "./moves";
export { isInRange, parseRange, writeRange } from "./range";
export { type Live, type Range, SessionStore, type State, storeOf } from "./store";
