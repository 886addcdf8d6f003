//! What an upload must survive, as far as the machine decides it: one short test or more for each, named after it, and
//! one for each bug that the simulation found.
//!
//! | case | tests |
//! | --- | --- |
//! | no bytes move, no error | `no_bytes_move_no_error`, `a_line_that_is_dead_…`, `the_question_whether_…`, `an_answer_that_has_begun_…`, `a_chunk_that_hangs_while_…` |
//! | offline | `offline_…` (6), `an_answer_from_before_does_not_end_offline` |
//! | the network switches | `the_network_switches`, `the_network_switches_without_a_word`, `a_lost_answer_is_settled_…` |
//! | server errors, 408, 429, 5xx | `server_errors_back_off_…`, `retry_after_…` (3), `the_budget_is_…`, `a_byte_confirmed_…`, `a_server_that_takes_requests_and_drops_them_…`; `core/retry` |
//! | 400, 403, 404, 413, 415, a code | `refused_twice_…`, `a_refusal_by_…`, `what_is_not_the_protocol_…`, `one_failure_of_each_kind_…`, `a_handshake_refused_once_…` |
//! | 401 | `headers_are_asked_for_…`, `a_late_401_…`, `a_servers_failure_…`, `waiting_for_new_headers_…`, `a_401_without_…` |
//! | sent twice, answers out of order | `answers_out_of_order`, `a_stale_list_…`, `what_a_handshake_says_…` |
//! | pause, abort | `pause_stops_…`, `abort_stops_…` |
//! | the page reloads | `the_page_reloads`, `digests_of_another_cut_…` |
//! | the file changed or vanished | `the_file_changed_…`, `a_chunk_that_the_server_rejects_…`, `a_chunk_that_keeps_failing_…` |
//! | 0 bytes, 1, n chunks, over 4 GiB | `sizes_…` |
//! | hashing a big file | `hashing_can_be_…` |
//! | requests at once | `requests_at_once_…` (2); `core/pace`, `tests/upload_links.rs` |
//! | repeated chunks | `repeated_chunks_…` |
//! | Safari: aborts, bodies that hang | `an_abort_that_nobody_…`, `a_chunk_that_stalled_is_sent_from_memory` |
//! | the device sleeps | `the_device_sleeps` |
//! | progress | `progress_counts_…`; `progress.rs` |
//! | hangs at 100 % | `hangs_at_100_percent`, `no_url_for_a_complete_file_…` |
//! | the last answer is lost | `the_last_answer_is_lost` |
//! | the answer's list is long | `plan.rs` (at most about 1,000 chunks) |
//! | what can never be sent | `what_can_never_be_sent_…`, `a_function_that_fails_…` |
//! | what is wrong while it waits | `what_is_wrong_is_said_…`, `a_login_page_before_…` |
//! | servers that are silent, lose chunks, refuse large bodies | `servers.rs` |
//! | report | `the_report_tells_…`; `report.rs` |
//! | the scheduler | `slots.rs` |
#![cfg(not(target_arch = "wasm32"))]
// clippy.toml lifts these for `#[test]` functions alone; a panic here is a failing test.
#![allow(clippy::expect_used, clippy::panic)]

mod answers;
mod bench;
mod mistakes;
mod network;
mod page;
mod servers;
mod slots;
