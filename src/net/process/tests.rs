use std::io::Read;
use std::os::fd::BorrowedFd;

use super::*;

const SOON: Duration = Duration::from_millis(50);

fn shell(script: &str, grace: Duration) -> Program {
    Program { name: "sh".into(), args: vec!["-c".into(), script.into()], environment: Vec::new(), grace }
}

struct Running {
    started: Started,
    ended: Arc<Wake>,
    gone: Arc<Wake>,
}

fn start(script: &str, grace: Duration) -> Running {
    let [ended, gone] = [(); 2].map(|()| Arc::new(Wake::new().unwrap()));
    let notices = Notices { label: None, ended: Arc::clone(&ended), gone: Arc::clone(&gone) };
    Running { started: shell(script, grace).start(&[], notices).unwrap(), ended, gone }
}

fn wait_for(wake: &Wake) {
    let fd: BorrowedFd<'_> = wake.as_fd();
    let [woken] = wait(&[(fd, Interest::Read)], Some(Duration::from_secs(30))).unwrap();
    assert!(woken.is_readable());
}

impl Running {
    fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            let mut byte = [0];
            self.started.output.read_exact(&mut byte).unwrap();
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap().trim_end().to_owned()
    }

    fn dismiss(&self) {
        self.started.process.dismiss();
        wait_for(&self.gone);
        assert!(self.started.process.is_gone());
    }
}

#[test]
fn standard_input_and_output_are_ours() {
    let Running { started, ended, .. } = start("cat; exit 3", SOON);
    let Started { mut input, mut output, process } = started;
    input.write_all(b"there and back").unwrap();
    drop(input);
    let mut text = String::new();
    output.read_to_string(&mut text).unwrap();
    assert_eq!(text, "there and back");
    wait_for(&ended);
    assert_eq!(process.output_ended(), Some(Exit::Code(3)));
    assert_eq!(process.failure(), Some(Exit::Code(3)));
    process.dismiss();
}

#[test]
fn a_process_is_there_until_its_session_is_over() {
    let mut run = start("echo $$", SOON);
    let pid: i32 = run.line().parse().unwrap();
    wait_for(&run.ended);
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::test_kill_process(pid).expect("its number is not free yet");
    run.dismiss();
    rustix::process::test_kill_process(pid).unwrap_err();
}

#[test]
fn a_process_that_stays_is_told_to_end_and_then_killed() {
    for (script, told) in [("echo; exec sleep 1000", 15), ("trap '' TERM; echo; sleep 1000 & wait; sleep 1000", 9)] {
        let mut run = start(script, SOON);
        run.line();
        run.dismiss();
        assert_eq!(run.started.process.lock().exit, Some(Exit::Signal(told)));
        assert_eq!(run.started.process.failure(), None, "it was ours");
    }
}

#[test]
fn hurry_takes_the_next_step_at_once() {
    let mut run = start("echo; exec sleep 1000", Duration::from_secs(1000));
    run.line();
    run.started.process.hurry();
    run.dismiss();
}

#[test]
fn who_hurries_does_not_wait_for_one_that_ignores_term() {
    let mut run = start("trap '' TERM; echo; sleep 1000; sleep 1000", Duration::from_secs(1000));
    run.line();
    run.started.process.hurry();
    run.dismiss();
    assert_eq!(run.started.process.lock().exit, Some(Exit::Signal(9)));
}

#[test]
fn what_a_shell_has_left_behind_goes_with_it() {
    // Its output ends when the job in its background has.
    let mut run = start("sleep 1000 & echo", Duration::from_secs(1000));
    run.line();
    wait_for(&run.ended);
    run.dismiss();
    assert_eq!(run.started.output.read(&mut [0]).unwrap(), 0);
}

#[test]
fn nobody_writes_longer_than_the_session_lasts() {
    let run = start("exec sleep 1000", SOON);
    let Started { mut input, process, output } = run.started;
    let writing = thread::spawn(move || input.write_all(&vec![0; 1 << 20]).unwrap_err().kind());
    process.dismiss();
    assert_eq!(writing.join().unwrap(), io::ErrorKind::ConnectionAborted);
    wait_for(&run.gone);
    drop(output);
}
