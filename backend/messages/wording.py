"""What people read, in English and Arabic: messages to devices, and the prompts of Algorithm 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, get_currency_precision

from backend.db.outbox import Kind

LANGUAGES = ("en", "ar")
AMOUNTS = {"en": "¤¤\N{NO-BREAK SPACE}#,##0.00", "ar": None}  # None: as the language's own rules have it


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    body: str


PROMPTS: dict[str, dict[str, str]] = {
    "scan_prompt": {
        "en": "Scan the codes in the catalogue to fill your cart.",
        "ar": "امسح رموز المنتجات في الكتالوج لملء سلتك.",
    },
    "pay_prompt": {
        "en": "Go on to payment: look into the camera.",
        "ar": "انتقل إلى الدفع: انظر إلى الكاميرا.",
    },
    "payment_success": {
        "en": "Payment successful. Please go to the pick-up area.",
        "ar": "تم الدفع بنجاح. يرجى التوجه إلى منطقة الاستلام.",
    },
    "payment_failed": {
        "en": "Payment failed. Please try again.",
        "ar": "فشلت عملية الدفع. يرجى المحاولة مرة أخرى.",
    },
    "face_failed": {
        "en": "Face recognition failed. Please try again.",
        "ar": "لم يتم التعرف على الوجه. يرجى المحاولة مرة أخرى.",
    },
    "pickup_prompt": {
        "en": "Please come to the pick-up area to collect your items.",
        "ar": "يرجى الحضور إلى منطقة الاستلام لاستلام مشترياتك.",
    },
    "thanks": {
        "en": "Thank you for shopping with us.",
        "ar": "شكرًا لتسوقك معنا.",
    },
    "order_mismatch": {
        "en": "The order does not match. Please contact support.",
        "ar": "الطلب غير مطابق. يرجى التواصل مع الدعم.",
    },
}

WORDS: dict[Kind, dict[str, Words]] = {
    Kind.GRANT_ISSUED: {
        "en": Words("Confirm your payment", "Enter your PIN to pay {amount}."),
        "ar": Words("أكّد عملية الدفع", "أدخل رمزك السري لدفع {amount}."),
    },
    Kind.FACE_REFUSED: {
        "en": Words("A face was not recognised", "Somebody tried to pay from your account. {face_failed}"),
        "ar": Words("لم يتم التعرف على وجه", "حاول شخص ما الدفع من حسابك. {face_failed}"),
    },
    Kind.PIN_REFUSED: {
        "en": Words("Wrong PIN", "{payment_failed} Tries left: {attempts_left}."),
        "ar": Words("الرمز السري غير صحيح", "{payment_failed} المحاولات المتبقية: {attempts_left}."),
    },
    Kind.PIN_LOCKED: {
        "en": Words("PIN locked", "There were too many wrong tries on this device. Please wait a while."),
        "ar": Words("الرمز السري مقفل", "محاولات خاطئة كثيرة على هذا الجهاز. يرجى الانتظار قليلًا."),
    },
    Kind.PAYMENT_SETTLED: {
        "en": Words("Paid: {amount}", "Order {receipt_number}. {payment_success}"),
        "ar": Words("تم دفع {amount}", "الطلب {receipt_number}. {payment_success}"),
    },
    Kind.PAYMENT_FAILED: {
        "en": Words("Your card was declined", "Nothing was charged. Try again, or use another card."),
        "ar": Words("رُفضت بطاقتك", "لم يُخصم أي مبلغ. حاول مرة أخرى أو استخدم بطاقة أخرى."),
    },
    Kind.PAYMENT_RETURNED: {
        "en": Words(
            "{amount} goes back to your card", "Your items were no longer held for you. {scan_prompt}"
        ),
        "ar": Words("سيُعاد {amount} إلى بطاقتك", "لم تعد منتجاتك محجوزة لك. {scan_prompt}"),
    },
    Kind.ORDER_ACCEPTED: {
        "en": Words("Order {receipt_number} is being packed", "We tell you as soon as it is ready."),
        "ar": Words("جارٍ تجهيز الطلب {receipt_number}", "سنخبرك فور جاهزيته."),
    },
    Kind.ORDER_CHANGED: {
        "en": Words("Order {receipt_number} has changed", "The app shows what is new."),
        "ar": Words("تغيّر الطلب {receipt_number}", "التطبيق يعرض الجديد."),
    },
    Kind.ORDER_READY: {
        "en": Words("Order {receipt_number} is ready", "{pickup_prompt} Your code is in the app."),
        "ar": Words("الطلب {receipt_number} جاهز", "{pickup_prompt} رمز الاستلام في التطبيق."),
    },
    Kind.ORDER_HANDED_OVER: {
        "en": Words("Order {receipt_number} collected", "{thanks}"),
        "ar": Words("تم استلام الطلب {receipt_number}", "{thanks}"),
    },
    Kind.ORDER_MISMATCH: {
        "en": Words("Order {receipt_number} was not handed over", "{order_mismatch}"),
        "ar": Words("لم يُسلَّم الطلب {receipt_number}", "{order_mismatch}"),
    },
    Kind.ORDER_CANCELLED: {
        "en": Words("Order {receipt_number} is cancelled", "Nothing more is due for it."),
        "ar": Words("أُلغي الطلب {receipt_number}", "لا يترتب عليه أي مبلغ آخر."),
    },
    Kind.REFUND_MADE: {
        "en": Words("{amount} refunded", "For order {receipt_number}, by credit note {credit_note}."),
        "ar": Words("تم استرداد {amount}", "للطلب {receipt_number}، بإشعار دائن رقم {credit_note}."),
    },
    Kind.REFUND_FAILED: {
        "en": Words(
            "{amount} did not reach your card",
            "For order {receipt_number}, credit note {credit_note}. The bank refused it; please ask at the counter.",
        ),
        "ar": Words(
            "لم يصل {amount} إلى بطاقتك",
            "للطلب {receipt_number}، الإشعار الدائن رقم {credit_note}. رفضه البنك، يرجى مراجعة الموظفين.",
        ),
    },
    Kind.REFUND_IN_WALLET: {
        "en": Words(
            "{amount} added to your wallet",
            "For order {receipt_number}, credit note {credit_note}: your card did not take it back.",
        ),
        "ar": Words(
            "أُضيف {amount} إلى محفظتك",
            "للطلب {receipt_number}، الإشعار الدائن رقم {credit_note}: لم تقبل بطاقتك إعادته.",
        ),
    },
    Kind.WALLET_TOPPED_UP: {
        "en": Words("{amount} added to your wallet", "Your balance is {balance}."),
        "ar": Words("أُضيف {amount} إلى محفظتك", "رصيدك الآن {balance}."),
    },
    Kind.WALLET_PAID_OUT: {
        "en": Words(
            "{amount} paid out from your wallet",
            "Your balance is {balance}. If you did not get the cash, tell the staff at once.",
        ),
        "ar": Words(
            "صُرف {amount} نقدًا من محفظتك",
            "رصيدك الآن {balance}. إن لم تستلم النقد، فأخبر الموظفين فورًا.",
        ),
    },
    Kind.VOUCHER_REDEEMED: {
        "en": Words("Voucher redeemed: {amount}", "Your balance is {balance}."),
        "ar": Words("تم تحصيل القسيمة: {amount}", "رصيدك الآن {balance}."),
    },
    Kind.FACE_ENROLLED: {
        "en": Words("Your face is enrolled", "If that was not you, delete it under “Me” at once."),
        "ar": Words("تم تسجيل وجهك", "إن لم تكن أنت، فاحذفه فورًا من «حسابي»."),
    },
    Kind.FACE_ERASED: {
        "en": Words("Your face data is erased", "You can still pay with your password and PIN."),
        "ar": Words("حُذفت بيانات وجهك", "ما زال بإمكانك الدفع بكلمة المرور والرمز السري."),
    },
    Kind.FACE_OUTDATED: {
        "en": Words(
            "Please set up your face again",
            "The shop recognises faces in a new way, which your stored face does not fit. Set it up again "
            "under “Me”; until then pay with your password and PIN.",
        ),
        "ar": Words(
            "يُرجى إعداد وجهك من جديد",
            "حدّث المتجر طريقة التعرّف على الوجوه، ولم تعد بيانات وجهك المحفوظة صالحة لها. "
            "أعد الإعداد من «حسابي»، وحتى ذلك الحين ادفع بكلمة المرور والرمز السري.",
        ),
    },
    Kind.DEVICE_ADDED: {
        "en": Words("A new device signed in", "If that was not you, change your password."),
        "ar": Words("تم تسجيل الدخول من جهاز جديد", "إن لم تكن أنت، فغيّر كلمة المرور."),
    },
    Kind.RESERVATION_EXPIRED: {
        "en": Words("Your cart ran out of time", "The items are back on the shelf. {scan_prompt}"),
        "ar": Words("انتهت مهلة سلتك", "عادت المنتجات إلى الرف. {scan_prompt}"),
    },
}


def words(kind: Kind, language: str, facts: Mapping[str, Any]) -> Words:
    """facts: the happening's payload. A missing fact shows as a dash: no message is lost for one."""
    wanted = WORDS[kind][language]
    known = Known({name: texts[language] for name, texts in PROMPTS.items()})
    known.update({name: str(value) for name, value in facts.items() if isinstance(value, str | int)})
    for name, source in (("amount", "amount_minor"), ("amount", "total_minor"), ("balance", "balance_minor")):
        if source in facts and "currency" in facts:
            known[name] = money(facts[source], facts["currency"], language)
    return Words(wanted.title.format_map(known), wanted.body.format_map(known))


def prompt(key: str, language: str) -> str:
    return PROMPTS[key][language]


def money(minor: int, currency: str, language: str) -> str:
    """As people of that language write it: SAR 12.50."""
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    return format_currency(amount, currency, AMOUNTS[language], locale=language)


class Known(dict[str, str]):
    def __missing__(self, _name: str) -> str:
        return "–"
