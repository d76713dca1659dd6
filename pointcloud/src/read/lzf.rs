//! LZF as LibLZF writes it: runs of literals, and copies of 3 to 264 bytes from up to 8192 bytes back.

/// The `size` bytes that were packed; `None` where the data are damaged or give another number.
pub(super) fn unpack(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(size);
    let mut rest = packed.iter().copied();
    while let Some(control) = rest.next() {
        let control = usize::from(control);
        if control < 32 {
            for _ in 0..=control {
                out.push(rest.next()?);
            }
        } else {
            let mut length = control >> 5;
            if length == 7 {
                length += usize::from(rest.next()?);
            }
            let back = (control & 31) << 8 | usize::from(rest.next()?);
            let from = out.len().checked_sub(back + 1)?;
            for i in from..from + length + 2 {
                out.push(out[i]);
            }
        }
        if out.len() > size {
            return None;
        }
    }
    (out.len() == size).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::unpack;

    #[test]
    fn lzf_copies_overlap() {
        // One literal, then 4 bytes from 1 back; then a long copy.
        assert_eq!(unpack(&[0, b'a', 2 << 5, 0], 5).expect("valid"), b"aaaaa");
        assert_eq!(
            unpack(&[0, b'a', 7 << 5, 3, 0], 13).expect("valid"),
            b"aaaaaaaaaaaaa"
        );
        assert_eq!(unpack(&[0, b'a', 2 << 5, 1], 5), None);
        assert_eq!(unpack(&[5, b'a'], 5), None);
    }
}
