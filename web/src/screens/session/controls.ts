/** The id of the place at the right of the tabs where a view puts its own controls. */
export const CONTROLS = "view-controls";
