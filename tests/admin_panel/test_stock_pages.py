import io

from admin_panel.stock_pages import FORM_BYTES_MAX
from tests.admin_panel.browser import Page

HEADING = "sku,gtin,name_en,name_ar,category_en,category_ar,price_minor,currency,vat_rate_bp,picture,stock:R1"
SALT = "SALT-1,2000000000015,Sea salt,ملح,Food,طعام,450,SAR,1500,,12"


def file_of(*lines):
    return (io.BytesIO("\n".join((HEADING, *lines)).encode()), "goods.csv")


def test_the_shelves_show_on_hand_reserved_and_available(browse):
    text = browse("manager").get("/staff/R1/stock").text
    assert "TEA en TEA Food SAR 11.50 40 2 38 Label" in text


def test_the_list_can_be_searched(browse):
    manager = browse("manager")
    assert "BREAD en" not in manager.get("/staff/R1/stock?q=tea").text
    assert "No product fits." in manager.get("/staff/R1/stock?q=caviar").text


def test_goods_from_a_file_stand_on_the_shelf(browse):
    manager = browse("manager")
    page = manager.sent(manager.get("/staff/R1/stock"), "/stock", file=file_of(SALT))
    assert "Imported. Products: 1 new" in page.text
    assert "Sea salt SALT-1 Food SAR 4.50 12 0 12" in page.text


def test_every_refused_line_is_named_and_nothing_is_imported(browse):
    manager = browse("manager")
    wrong = (
        SALT.replace("SALT-1", "PEPPER-1")
        .replace(",450,", ",cheap,")
        .replace("2000000000015", "2000000000022")
    )
    answer = manager.send(manager.get("/staff/R1/stock"), "/stock", file=file_of(SALT, wrong))
    assert answer.status_code == 422
    assert "price_minor" in answer.text
    assert "SALT-1" not in manager.get("/staff/R1/stock").text


def test_a_manager_cannot_count_the_shelves_of_another_store(browse):
    stranger = browse("stranger")
    answer = stranger.send(stranger.get("/staff/R2/stock"), "/stock", file=file_of(SALT))
    assert answer.status_code == 422
    assert "stock:R1" in answer.text


def test_a_form_without_a_file_says_so(browse):
    manager = browse("manager")
    page = manager.sent(manager.get("/staff/R1/stock"), "/stock", file=(io.BytesIO(b""), ""))
    assert "Choose a CSV file first." in page.text


def test_labels_and_sheet_are_linked(browse):
    links = browse("manager").get("/staff/R1/stock").links
    assert "/v1/products/TEA/label.svg?store=R1" in links
    assert "/v1/stores/R1/sheet.pdf" in links


def test_a_file_beyond_the_limit_is_refused_on_a_page(browse):
    manager = browse("manager")
    manager.get("/staff/R1/stock")
    answer = manager.client.post(
        "/staff/R1/stock",
        data=b"",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(FORM_BYTES_MAX + 1)},
    )
    assert answer.status_code == 413
    assert "The file is too large." in Page(answer.text).text
