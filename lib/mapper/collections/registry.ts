/** The collections that have a product table, parents before children. */

import { alliance } from "./alliance.ts";
import type { Collection } from "../collection.ts";
import { event } from "./event.ts";
import { membership } from "./membership.ts";
import { post } from "./post.ts";
import { scene } from "./scene.ts";
import { stream } from "./stream.ts";

export const COLLECTIONS: readonly Collection[] = [
  scene,
  event,
  post,
  alliance,
  membership,
  stream,
];
