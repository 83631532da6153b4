// Every sentence of the page, Chinese and English side by side. A test checks that both are complete and hold
// the same fields. Words follow docs/glossary.md.

export const WORDS = {
  demo: ["演示环境：此处的一切均不作为考试成绩。", "Demonstration: nothing here counts as an exam."],
  other_language: ["English", "中文"],
  seat: ["考位", "Seat"],
  room: ["考场", "Room"],
  exam: ["考试科目", "Exam"],
  candidate: ["考生", "Candidate"],
  id_number: ["身份证号", "ID number"],
  raise_hand: ["有问题请举手，监考员会过来。", "If anything is unclear, raise your hand. An invigilator will come."],

  connecting_title: ["正在连接考试服务器", "Connecting to the exam server"],
  connecting_text: ["请稍候，本页会自动继续。", "Please wait. This page goes on by itself."],
  connecting_long: [
    "仍未连接上。请不要关机，举手告知监考员。",
    "Still no connection. Do not switch off; raise your hand and tell the invigilator.",
  ],
  tab_title: ["考试已在另一个标签页中打开", "The exam is open in another tab"],
  tab_text: [
    "请关闭本页，回到原来的页面继续考试。原页面关闭后，本页会自动接着显示。",
    "Close this page and go on in the first one. When that one is closed, this page takes over by itself.",
  ],
  not_registered: ["本机尚未登记为考试机", "This computer is not registered as an exam station"],
  free_title: ["此考位空闲", "This seat is free"],
  free_done: ["已经交卷", "You have handed in"],
  free_done_text: [
    "考试结束，作答都已保存。请带好随身物品离开考场，听从监考员安排。",
    "Your exam is over and your answers are saved. Take your belongings and leave as the invigilator tells you.",
  ],
  free_next: ["还没有考试", "You have not sat your exam yet"],
  free_next_text: [
    "请看候考室显示屏，坐到叫号的考位。显示屏上就是本考位的，请坐下，本页会自动打开登录。",
    "Take the seat the waiting-room display calls you to. If it is this one, sit down: the sign-in opens by itself.",
  ],
  free_other: ["正在考试", "You are in the middle of your exam"],
  free_other_text: ["请举手告诉监考员，不要操作电脑。", "Raise your hand and tell the invigilator; leave the computer as it is."],

  sign_in_title: ["请核对考位，然后登录", "Check your seat, then sign in"],
  sign_in_for: ["本考位考生", "This seat is for"],
  sign_in_ask: ["请输入您身份证号的最后四位", "Type the last four characters of your ID number"],
  sign_in_x: [
    "最后一位是 X 的，按 X（小键盘 ＊）；\n按错了按 －（退格）。",
    "If it ends in X, press X (number pad *).\nTo take one back, press − (Backspace).",
  ],
  sign_in_not_you: ["不是您的姓名或考位？请举手。", "Not your name or seat? Raise your hand."],
  sign_in_again: [
    "请重新登录后继续考试。本机已保存的作答都在，会自动上传。",
    "Sign in again to go on. What you answered is kept on this computer and will be sent.",
  ],
  sign_in: ["登录", "Sign in"],
  signing_in: ["正在登录…", "Signing in…"],
  delete: ["删除", "Delete"],
  digits_given: ["已输入 {n} 位，共 4 位", "{n} of 4 typed"],
  no_box: [
    "暂时连不上考试服务器，请稍后再试；一直不行请举手。",
    "The exam server cannot be reached just now. Try again in a moment, or raise your hand.",
  ],

  code_ask: ["请输入号码和场次口令", "Type your number and the pass code"],
  code_number: ["身份证号或准考证号", "ID or ticket number"],
  code_code: ["场次口令", "Pass code"],
  code_where: ["场次口令由监考员公布。", "The invigilator tells the pass code."],
  code_keys: [
    "小键盘：Enter 下一项，－ 删除，＊ 输入 X",
    "Number pad: Enter goes on, − deletes, * types X",
  ],

  confirm_title: ["请确认是您本人", "Is this you?"],
  photo_alt: ["您的照片", "Your photograph"],
  no_photo: [
    "没有可显示的照片，请仔细核对姓名和身份证号。",
    "There is no photograph to show. Check the name and the ID number with care.",
  ],
  confirm_yes: ["是我本人，继续", "Yes, this is me"],
  confirm_no: ["不是我", "Not me"],
  not_me_title: ["已通知监考员，请不要操作", "The invigilator is called: leave the computer as it is"],
  not_me_text: ["监考员会核对您的考位。", "An invigilator will check your seat."],
  back: ["返回", "Back"],

  face_title: ["人脸复核：请正对摄像头", "Face check: look into the camera"],
  face_text: [
    "脸在画面中间，不戴口罩、墨镜和帽子，然后按“拍照”（或按 Enter）。",
    "Your face in the middle, no mask, dark glasses or hat. Then press “Take picture” (or Enter).",
  ],
  face_opening: ["正在打开摄像头，请稍候…", "Opening the camera, one moment…"],
  face_take: ["拍照", "Take picture"],
  face_again: [
    "刚才没有认清，请坐正、对着光再拍一次。",
    "That was not clear. Sit straight, face the light, and take one more.",
  ],
  face_looking: ["正在核对，请稍候", "Comparing, one moment"],
  face_looking_text: ["核对完成后本页会自动继续。", "This page goes on by itself when it is done."],
  face_late: ["核对还在排队。请举手，监考员可以当面核对。", "It is still waiting. Raise your hand: the invigilator can look."],
  face_hand: ["请举手，监考员会来当面核对", "Raise your hand: an invigilator comes and looks"],
  face_hand_text: [
    "请准备好身份证件。当面核对和机器核对一样有效，核对后本页会自动继续。",
    "Have your ID ready. A check by people counts the same; this page goes on by itself after it.",
  ],
  camera_missing: [
    "本机没有找到摄像头，请举手告诉监考员。",
    "No camera was found on this computer. Raise your hand and tell the invigilator.",
  ],
  camera_refused: [
    "摄像头没有打开的权限，请举手告诉监考员。",
    "The camera may not be used. Raise your hand and tell the invigilator.",
  ],
  camera_silent: [
    "本机摄像头没有画面，请举手告诉监考员。",
    "The camera of this computer gives no picture. Raise your hand and tell the invigilator.",
  ],
  camera_go_on: ["可以照常继续。", " You can go on as usual."],
  rule_captures: [
    "考试期间摄像头会在随机时刻拍照，用于核对是否本人；有疑问由监考员判断。",
    "During the exam the camera takes pictures at random moments to see that it is you; in doubt people decide.",
  ],

  rules_title: ["考场规则与诚信承诺", "Rules and pledge"],
  rule_1: [
    "独立作答，不交谈、不传递物品、不抄袭，也不帮助他人作弊。",
    "Work alone: do not talk, pass things, copy, or help anyone to cheat.",
  ],
  rule_2: [
    "不使用手机等通信设备和书籍、资料；已带入的请现在交给监考员。",
    "Use no phone, other device, book or notes. Hand over now whatever you brought in.",
  ],
  rule_2_open: [
    "不使用手机等通信设备；已带入的请现在交给监考员。本场开卷，可以翻看自己的书籍、资料，不借给他人。",
    "Use no phone or other device; hand over now whatever you brought in. Books and notes of your own are allowed; do not lend them.",
  ],
  rule_3: [
    "不离开考位，不遮挡摄像头，不拔插电源、网线或其他设备。",
    "Stay at your seat; do not cover the camera or touch power, network or other plugs.",
  ],
  rule_4: [
    "全程录像。替考、作弊的，当场终止考试、成绩无效，并报送主管部门处理。",
    "The exam is recorded. Impersonation or cheating ends it, voids the result and is reported to the authority.",
  ],
  rule_5: [
    "电脑出现问题时不要关机，请举手。已经作答的内容不会丢失，考试时间以服务器为准。",
    "If the computer has a problem do not switch it off; raise your hand. Answers given are not lost; the server's clock counts.",
  ],
  rule_6: [
    "时间到系统自动交卷；提前做完可以自己交卷，交卷后不能再修改。",
    "At the end the system hands in by itself. You may hand in earlier; after that nothing can be changed.",
  ],
  rule_6_from: [
    "开考 {n} 分钟后方可交卷，交卷后不能再修改；时间到系统自动交卷。",
    "You may hand in from {n} minutes after the start; after that nothing can be changed. At the end the system hands in.",
  ],
  rule_6_end: [
    "本次考试不能提前交卷，时间到系统自动交卷。",
    "Nobody hands in before the end of this exam; then the system hands in by itself.",
  ],
  rules_keys: ["　按 Enter 勾选，再按 Enter 继续。", " Enter ticks, Enter again goes on."],
  rules_tick: [
    "我已阅读并遵守以上规则，承诺诚信考试。",
    "I have read these rules, will follow them, and pledge to take the exam honestly.",
  ],
  rules_enter: ["进入候考", "Continue"],
  rules_refuse: ["不同意的请举手，由工作人员处理。", "If you do not agree, raise your hand; the staff will help."],

  waiting_title: ["距计划开考时间还有", "Until the planned start"],
  waiting_soon: ["等待监考员开始考试", "Waiting for the invigilator to start"],
  waiting_text: ["监考员开考后，试卷自动打开。请坐好等候，不用操作。", "The paper opens by itself when the invigilator starts. Please stay seated; there is nothing to do."],
  waiting_at: ["开考时间", "Start"],
  waiting_check: ["现在可以检查", "You can check now"],
  check_keyboard: ["键盘：按一下空格键（小键盘按 5）", "Keyboard: press the space bar (pad: 5)"],
  check_mouse: ["鼠标：点一下这里", "Mouse: click here"],
  check_sound: ["声音：点一下，听到“嘟”声即可", "Sound: click; you should hear a tone"],
  check_camera: ["摄像头", "Camera"],
  check_camera_none: ["摄像头：未找到，请举手", "Camera: not found, raise your hand"],
  check_camera_bad: ["摄像头：没有画面，请举手", "Camera: no picture, raise your hand"],
  checked: ["正常", "works"],
  unchecked: ["未检查", "not checked"],
  familiar: ["操作熟悉", "Getting familiar"],
  familiar_start: ["操作熟悉：试做 5 题（O，小键盘 0）", "Try 5 items first (O, pad 0)"],
  familiar_note: ["与考试内容无关，不保存，不计分", "Not of the exam; nothing is kept or counted"],
  familiar_back: ["返回候考", "Back to waiting"],
  familiar_some: ["有 {n} 题没有答对", "{n} not right yet"],
  familiar_all: ["全部答对，操作没有问题", "All right: you know how it works"],
  familiar_again: ["再做一遍", "Try these again"],
  familiar_again_text: ["可以把这几题再做一遍。", "You may try these again."],
  familiar_done_text: ["监考员开考后自动开始，请坐好等候。", "The exam starts by itself when the invigilator starts it. Please stay seated."],
  loading_paper: ["正在领取试卷…", "Fetching your paper…"],
  loading_late: [
    "试卷还没有领到。请举手告诉监考员，不要关机。",
    "The paper has not come yet. Raise your hand and tell the invigilator; do not switch off.",
  ],
  paper_unreadable: ["试卷没有打开，本机会自动重试。", "The paper did not open. It is tried again by itself."],

  true_false: ["判断题", "True or false"],
  single_choice: ["单选题", "Single choice"],
  multiple_choice: ["多选题", "Multiple choice"],
  choose_all: ["选出全部正确选项，再选一次即取消", "Choose every right option; choose again to take it back"],
  question_of: ["第 {n} 题，共 {all} 题", "Question {n} of {all}"],
  question_n: ["第 {n} 题", "Question {n}"],
  done: ["已答", "Done"],
  open: ["未答", "Open"],
  flagged: ["标记", "Flagged"],
  current: ["当前", "Current"],
  grid: ["答题卡", "Answer sheet"],
  flag: ["标记本题", "Flag"],
  unflag: ["取消标记", "Remove flag"],
  previous: ["上一题", "Previous"],
  next: ["下一题", "Next"],
  hand_in: ["交卷", "Hand in"],
  hand_in_from: ["{time} 起可交卷", "Hand in from {time}"],
  hand_in_end: ["到时自动交卷", "Handed in at the end"],
  hand_call: ["举手（J 或小键盘 ．）", "Raise hand (J, pad .)"],
  hand_up: ["已举手，监考员会过来（J 或 ． 取消）", "Hand is up (J or . takes it back)"],
  hand_unheard: ["没有连接：请直接举手", "No connection: raise your own hand"],
  help: ["便利措施", "Approved help"],
  help_voice: ["语音读题", "questions read aloud"],
  help_large: ["大字", "larger type"],
  help_time: ["延时 {n}%", "{n} % more time"],
  listen: ["听题（L）", "Listen (L)"],
  listen_stop: ["停止朗读（L）", "Stop reading (L)"],
  listen_failed: ["暂时不能朗读，请举手", "Cannot be read now: raise your hand"],
  left_noted: ["您离开了考试页面，系统已记录。考试计时没有停止，请继续答题。", "You left the exam page; this was noted. The time runs on. Please continue."],
  keys_dialog: ["小键盘：＋ － 选择，Enter 确定", "Number pad: + − to choose, Enter to confirm"],
  keys_several: [
    "键盘：A–D 或 1–4 选择或取消　←  →（小键盘 － ＋）换题{enter}　F（＊）标记　J（．）举手",
    "Keys: A–D or 1–4 to choose or take back, ← → (pad − +) to move{enter}, F (*) to flag, J (.) hand up",
  ],
  keys: [
    "键盘：A–D 或 1–4 选择答案　←  →（小键盘 － ＋）换题{enter}　F（＊）标记　J（．）举手",
    "Keys: A–D or 1–4 to answer, ← → (pad − +) to move{enter}, F (*) to flag, J (.) hand up",
  ],
  enter_next: ["　Enter 下一题", ", Enter next"],
  enter_hand_in: ["　Enter 交卷", ", Enter to hand in"],
  keys_pictures: ["　Z 放大图片", ", Z to enlarge pictures"],
  picture: ["图片", "Picture"],
  picture_option: ["选项 {letter}", "Option {letter}"],
  enlarge: ["放大图片", "Enlarge the picture"],
  picture_missing: [
    "图片暂时未能显示，本机会自动重试；一直不显示请举手。",
    "The picture cannot be shown yet. It is tried again by itself; if it stays away, raise your hand.",
  ],
  picture_of: ["图 {n}，共 {all} 图", "Picture {n} of {all}"],
  close: ["关闭", "Close"],
  no_english: ["本题没有英文", "No English: shown in Chinese"],
  no_chinese: ["本题没有中文，按原文显示", "Shown as it was written"],
  time_left: ["剩余时间", "Time left"],
  time_10: ["不足 10 分钟", "Under 10 minutes"],
  time_3: ["不足 3 分钟", "Under 3 minutes"],
  saved: ["已保存", "Saved"],
  saving: ["正在保存…", "Saving…"],
  kept_here: ["已存本机，{n} 项待上传", "Kept here, {n} to send"],
  not_kept: ["未能保存", "Not kept"],
  lost_title: ["与服务器的连接暂时中断，请放心继续答题。", "The connection to the server is lost for now. Please go on."],
  lost_text: [
    "您的作答都保存在本机，恢复后自动上传。中断始于 {at}。",
    "Your answers are kept on this computer and will be sent by themselves. Lost since {at}.",
  ],
  refused_title: ["服务器没有接收最近的作答，请举手。", "The server did not take the last answers. Raise your hand."],
  storage_title: ["本机不能保存作答，请举手，不要关机。", "This computer cannot keep answers. Raise your hand; do not switch off."],
  lost_card: [
    "与服务器的连接暂时中断，恢复后本页自动继续。",
    "The connection to the server is lost for now. This page goes on by itself when it is back.",
  ],
  not_handed_in: ["没有交卷，请继续答题。", "Not handed in; please go on."],
  more_time: ["监考员为您延长 {n} 分钟。", "The invigilator has given you {n} more minutes."],
  back_again: ["连接已恢复，作答已全部上传。", "Connected again; all answers have been sent."],

  confirm_hand_in: ["确定要交卷吗？", "Hand in now?"],
  all_done: ["{all} 道题已全部作答。", "All {all} questions are answered."],
  some_open: ["还有 {n} 道题没有作答：{list}", "{n} questions are still open: {list}"],
  some_flagged: ["标记待查的有 {n} 道：{list}", "{n} are flagged: {list}"],
  and_more: [" 等", " …"],
  time_still: ["剩余时间 {time}。交卷后不能再修改。", "{time} left. After handing in nothing can be changed."],
  go_on: ["继续答题", "Go on"],
  go_on_at: ["继续答题（回到第 {n} 题）", "Go on (to question {n})"],
  confirm_it: ["确认交卷", "Hand in"],

  talking: ["监考员正在与您通话，请直接说话。通话全程录音，考试照常进行。", "The invigilator is speaking with you: just speak. It is recorded; the exam goes on."],
  talking_deaf: [
    "监考员正在与您说话。本机没有麦克风，请听，需要时举手。",
    "The invigilator is speaking to you. This computer has no microphone: listen, and raise your hand if you need to.",
  ],
  message_title: ["监考员提醒您", "Message from the invigilator"],
  message_seen: ["我已知晓", "I have read this"],

  handing_in_title: ["正在交卷", "Handing in"],
  handing_in_text: ["请稍候，不要关机。", "Please wait. Do not switch off."],
  handing_in_lost: [
    "与服务器的连接暂时中断。作答和交卷已保存在本机，恢复后自动送达。请举手告知监考员，不要关机。",
    "The connection is lost. Your answers and your hand-in are kept on this computer and will be delivered. Tell the invigilator; do not switch off.",
  ],
  paused_title: ["考试暂停", "The exam is paused"],
  paused_text: [
    "请听从监考员的安排。您的作答都已保存，恢复后试卷自动出现。",
    "Please do as the invigilator says. Your answers are saved. The paper comes back by itself when the exam goes on.",
  ],
  paused_left: ["剩余时间 {time}", "Time left {time}"],
  time_over_title: ["考试时间到", "Time is up"],
  time_over_text: ["系统正在自动交卷，请稍候，不要关机。", "The system is handing in for you. Please wait; do not switch off."],
  time_over_lost: [
    "与服务器的连接暂时中断。您在时间内的作答都保存在本机，恢复后自动上传。请举手告知监考员，不要关机。",
    "The connection is lost. All you answered in time is kept on this computer and will be sent. Tell the invigilator; do not switch off.",
  ],
  handed_in_title: ["已交卷", "Handed in"],
  handed_in_candidate: ["您已交卷，本次考试结束。", "You have handed in. This exam is over."],
  handed_in_time: ["考试时间到，系统已自动交卷。", "Time was up; the system has handed in for you."],
  handed_in_forced: ["监考员已为您交卷。", "The invigilator has handed in for you."],
  handed_in_counts: ["共 {all} 题，已答 {n} 题，全部保存在服务器。", "{n} of {all} questions answered, all saved at the server."],
  handed_in_unsent: [
    "还有 {n} 项作答正在上传，请不要关机。",
    "{n} answers are still being sent. Do not switch off.",
  ],
  handed_in_next: [
    "请带好随身物品，安静离开，听从监考员安排。成绩在审核后公布。",
    "Take your belongings, leave quietly and follow the invigilator. Results come after they have been checked.",
  ],
  result: ["得分 {points}（审核后为准）", "Score {points} (final once checked)"],
  elsewhere_title: ["请在省考试平台页面答题", "Answer on the province's page"],
  elsewhere_text: [
    "省考试平台的页面由监考员打开。没有打开的，请举手，不要操作。请不要关闭本页。",
    "The invigilator opens the province's page. If it is not open, raise your hand and leave the computer as it is. Do not close this page.",
  ],
  elsewhere_until: ["本场考试 {at} 结束", "This exam ends at {at}"],
  elsewhere_over_title: ["本场考试结束", "This exam is over"],
  elsewhere_over: [
    "成绩由省考试平台公布。请带好随身物品，安静离开，听从监考员安排。",
    "The result comes from the province. Take your belongings, leave quietly and follow the invigilator.",
  ],
  moved_title: ["本次考试已转到其他考位", "This exam goes on at another seat"],
  moved_to: ["请到考位 {seat} 继续", "Go on at seat {seat}"],
  moved_ask: ["请举手，监考员告诉您新考位。", "Raise your hand: the invigilator tells you the new seat."],
  moved_text: ["在新考位登录后从原处继续。这里的作答会自动上传。", "Sign in there to go on where you were. What was kept here is sent by itself."],
  listed: ["、", ", "],
} satisfies Record<string, [zh: string, en: string]>;

export type Word = keyof typeof WORDS;
export type Language = "zh" | "en";

let current: Language = "zh";

export function language(): Language {
  return current;
}

/** Choose the page's language; the cookie tells the box, so that its own sentences match. */
export function speak(chosen: Language): void {
  current = chosen;
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
  document.cookie = `lang=${chosen === "zh" ? "zh_CN" : "en"}; path=/; samesite=strict; max-age=43200`;
  try {
    localStorage.setItem("language", chosen);
  } catch {
    // A page without local storage forgets the choice at a reload; nothing else depends on it.
  }
}

/** The language chosen before; Chinese when none was. */
export function chosenLanguage(): Language {
  try {
    return localStorage.getItem("language") === "en" ? "en" : "zh";
  } catch {
    return "zh";
  }
}

/** The sentence in the current language, `{field}`s filled in. */
export function t(word: Word, fields: Record<string, string | number> = {}): string {
  const text: string = WORDS[word][current === "zh" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(fields[name] ?? whole));
}
