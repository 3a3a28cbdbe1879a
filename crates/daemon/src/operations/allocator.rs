//! Memory that was freed and that the allocator keeps for later.

/// Gives freed memory back to the system: after a large list was read, most of what that took would else stay with the process
/// for good. Takes some milliseconds; does nothing without the GNU C library.
///
/// Spec: `malloc_trim(3)`.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    {
        #[expect(unsafe_code, reason = "the library for system calls calls every function of C unsafe")]
        // SAFETY: it takes a number, touches nothing but what was freed, and may be called by any thread (malloc_trim(3),
        // ATTRIBUTES: MT-Safe).
        let _ = unsafe { libc::malloc_trim(0) };
    }
}
