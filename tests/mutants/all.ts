/** All careless changes, by the folder that they are made in. */

import { REPOSITORY } from "./repository.ts";

export const MUTANTS = [...REPOSITORY];
