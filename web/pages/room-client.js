// The client's room: the shared parts and nothing else.

import { openRoom } from './room.js';

openRoom();
