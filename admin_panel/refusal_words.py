"""What the staff pages say when something is refused, by the refusal's code, in English and Arabic."""

from __future__ import annotations

REFUSALS: dict[str, tuple[str, str]] = {
    "sign_in_refused": (
        "Login or password is wrong, or there were too many tries. Wait a little, then try again.",
        "اسم المستخدم أو كلمة المرور غير صحيحة، أو كثرت المحاولات. انتظر قليلًا ثم حاول مجددًا.",
    ),
    "form_expired": (
        "This form is no longer valid. Load the page again and repeat.",
        "لم يعد هذا النموذج صالحًا. أعد تحميل الصفحة وكرر.",
    ),
    "role_missing": ("Your role does not allow this. Ask a manager.", "دورك لا يسمح بذلك. اسأل المدير."),
    "not_found": ("There is no such page.", "لا توجد صفحة كهذه."),
    "store_unknown": ("You do not work in such a store.", "لا تعمل في متجر كهذا."),
    "order_not_found": ("There is no such order in your stores.", "لا يوجد طلب كهذا في متاجرك."),
    "order_state": (
        "Somebody else was faster: the order is in another state now.",
        "سبقك شخص آخر: حالة الطلب تغيرت.",
    ),
    "order_claimed": ("Somebody else packs this order.", "شخص آخر يجهّز هذا الطلب."),
    "age_check_needed": (
        "Look at an identity card first: {age_min} years or older.",
        "اطلع على الهوية أولًا: {age_min} سنة أو أكثر.",
    ),
    "refund_not_failed": (
        "This refund did not fail, or is settled.",
        "لم يفشل هذا الاسترداد، أو تمت تسويته.",
    ),
    "refund_beyond": ("So much is not left to refund.", "لم يبق هذا القدر للاسترداد."),
    "refund_amount_changed": (
        "Another refund came between. Look again, then decide.",
        "حدث استرداد آخر في هذه الأثناء. انظر مجددًا ثم قرر.",
    ),
    "line_not_found": ("There is no such line in this order.", "لا يوجد سطر كهذا في الطلب."),
    "lines_unpacked": ("Not every line is packed yet.", "لم تُجهَّز كل السطور بعد."),
    "pickup_code_wrong": (
        "The code is not this order's. Do not hand over. Tries left: {tries_left}.",
        "الرمز لا يخص هذا الطلب. لا تسلّم السلع. المحاولات المتبقية: {tries_left}.",
    ),
    "pickup_code_malformed": ("Type the six digits of the code.", "اكتب أرقام الرمز الستة."),
    "pickup_locked": (
        "Too many wrong codes. Send the shopper a new one, or record a mismatch.",
        "محاولات خاطئة كثيرة. أرسل رمزًا جديدًا إلى المتسوق أو سجّل عدم التطابق.",
    ),
    "reason_missing": ("Choose a reason and what becomes of the money.", "اختر السبب وما يُفعل بالمبلغ."),
    "shopper_not_found": ("No shopper has this login.", "لا يوجد متسوق بهذا الاسم."),
    "amount_unreadable": (
        "Type an amount in digits with at most {decimals_max} decimals.",
        "اكتب المبلغ بالأرقام وبحد أقصى {decimals_max} منازل عشرية.",
    ),
    "amount_out_of_range": ("This amount is outside the limits.", "هذا المبلغ خارج الحدود."),
    "period_malformed": (
        "The last day comes before the first, or they are too many.",
        "اليوم الأخير يسبق الأول، أو الأيام كثيرة جدًا.",
    ),
    "wallet_short": ("There is not so much in the wallet.", "لا يوجد هذا المبلغ في المحفظة."),
    "closing_done": ("This day is closed already.", "هذا اليوم مقفل من قبل."),
    "closing_early": ("This day has not begun.", "لم يبدأ هذا اليوم بعد."),
    "day_malformed": ("This is not a day.", "هذا ليس تاريخًا."),
    "pieces_unreadable": ("Type a number of pieces in digits.", "اكتب عدد القطع بالأرقام."),
    "product_unknown": ("This store has no such product.", "لا يوجد منتج كهذا في هذا المتجر."),
    "stock_short": (
        "Only {available} pieces can leave the shelf; carts hold the others.",
        "يمكن إخراج {available} قطع فقط؛ الباقي محجوز في السلال.",
    ),
    "stock_over": ("So many pieces stand on no shelf.", "هذا العدد أكبر من أي رف."),
    "count_below_reserved": (
        "Carts hold {reserved} pieces, more than was counted. Count again when they have paid.",
        "السلال تحجز {reserved} قطع، أكثر مما عُدّ. أعد الجرد بعد الدفع.",
    ),
    "promotion_unreadable": (
        "Give both names, at most 100 %, fewer paid than taken, several pieces in a bundle, a product or a category, "
        "and an end after the beginning.",
        "أدخل الاسمين، ونسبة لا تتجاوز 100٪، ومدفوعًا أقل من المأخوذ، وعدة قطع في الحزمة، ومنتجًا أو فئة، "
        "ونهاية بعد البداية.",
    ),
    "bundle_unreadable": (
        "Write each product of the bundle once, on a line of its own: its SKU and how many pieces.",
        "اكتب كل منتج من الحزمة مرة واحدة في سطر مستقل: رمزه ثم عدد القطع.",
    ),
    "coupon_unreadable": (
        "Use 4 to 32 letters A–Z, digits or hyphens, and at least one use.",
        "استخدم من 4 إلى 32 حرفًا من A–Z أو رقمًا أو شرطة، ومرة استخدام واحدة على الأقل.",
    ),
    "coupon_exists": (
        "There is a coupon of this code. Choose another.",
        "توجد قسيمة بهذا الرمز. اختر رمزًا آخر.",
    ),
    "promotion_not_found": ("There is no such promotion in your stores.", "لا يوجد عرض كهذا في متاجرك."),
    "file_missing": ("Choose a CSV file first.", "اختر ملف CSV أولًا."),
    "body_too_large": ("The file is too large.", "الملف كبير جدًا."),
    "idempotency_key_reused": (
        "This form was already sent with something else. Load the page again.",
        "أُرسل هذا النموذج من قبل ببيانات أخرى. أعد تحميل الصفحة.",
    ),
    "database_busy": ("The shop is busy. Try again in a moment.", "النظام مشغول. حاول بعد لحظات."),
    "other": ("Try again; nothing was changed.", "حاول مجددًا؛ لم يتغير شيء."),
}
