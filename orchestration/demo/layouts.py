"""The columns of every export and the ways in which its rows may break."""

from orchestration.demo.exports import Fault, Layout

_BROKEN_BYTE = "\udc81"  # not UTF-8, and unassigned in cp1252
_WIDTH = (Fault("COLS_MISSING"), Fault("COLS_EXTRA"))


def _layout(source: str, entity: str, columns: str, key: str, *faults: Fault) -> Layout:
    return Layout(source, entity, tuple(columns.split()), key, (*faults, *_WIDTH) if faults else ())


ORDERS = _layout(
    "magento",
    "sales_order",
    "entity_id increment_id state status store_id customer_id customer_is_guest customer_email"
    " coupon_code base_currency_code order_currency_code base_subtotal base_discount_amount"
    " base_tax_amount base_shipping_amount base_grand_total base_total_refunded total_qty_ordered"
    " billing_country_id shipping_country_id shipping_city shipping_postcode created_at updated_at",
    "entity_id",
    Fault("DATE_FORMAT", "created_at", "2025-02-30 10:00:00"),
    Fault("DATE_RANGE", "created_at", "0001-01-01 00:00:00"),
    Fault("NUM_FORMAT", "base_grand_total", "51,70"),
    Fault("REQUIRED_MISSING", "created_at", ""),
    Fault("ID_MANGLED", "entity_id", "1.2E+05"),
    Fault("ENC_INVALID", "shipping_city", f"Saint-{_BROKEN_BYTE}tienne"),
    Fault("FX_MISSING", "base_currency_code", "ISK"),
)
ORDER_ITEMS = _layout(
    "magento",
    "sales_order_item",
    "item_id order_id parent_item_id product_id product_type sku name qty_ordered qty_canceled"
    " qty_refunded base_original_price base_price base_discount_amount base_tax_amount"
    " base_row_total created_at updated_at",
    "item_id",
    Fault("NUM_FORMAT", "base_row_total", "39,00"),
    Fault("NUM_FORMAT", "qty_ordered", "one"),
    Fault("REQUIRED_MISSING", "sku", ""),
    Fault("DATE_FORMAT", "updated_at", "14/02/2025 09:00"),
    Fault("ID_MANGLED", "order_id", "1.0E+05"),
    Fault("ENC_INVALID", "name", f"Culotte No{_BROKEN_BYTE}mie"),
)
MEMOS = _layout(
    "magento",
    "sales_creditmemo",
    "entity_id increment_id order_id store_id customer_id base_currency_code base_subtotal"
    " base_discount_amount base_tax_amount base_shipping_amount base_adjustment base_grand_total"
    " created_at updated_at",
    "entity_id",
    Fault("NUM_FORMAT", "base_grand_total", "ninety"),
    Fault("DATE_FORMAT", "created_at", "30.06.2025"),
)
MEMO_ITEMS = _layout(
    "magento",
    "sales_creditmemo_item",
    "entity_id parent_id order_item_id product_id sku name qty base_price base_discount_amount"
    " base_tax_amount base_row_total",
    "entity_id",
    Fault("REQUIRED_MISSING", "qty", ""),
    Fault("NUM_FORMAT", "base_row_total", "1O.00"),
)
ACCOUNTS = _layout(
    "magento",
    "customer_entity",
    "entity_id email group_id store_id website_id firstname lastname dob gender telephone city"
    " postcode country_id is_active created_at updated_at",
    "entity_id",
    Fault("DATE_FORMAT", "dob", "1988-13-41"),
    Fault("BOOL_FORMAT", "is_active", "maybe"),
    Fault("ENC_INVALID", "firstname", f"Ren{_BROKEN_BYTE}e"),
)
SUBSCRIBERS = _layout(
    "magento",
    "newsletter_subscriber",
    "subscriber_id customer_id subscriber_email subscriber_status change_status_at",
    "subscriber_id",
    Fault("NUM_FORMAT", "subscriber_status", "many"),
)
WEB_PRODUCTS = _layout(
    "magento",
    "catalog_product_entity",
    "entity_id sku type_id name brand category_path price cost status created_at updated_at",
    "entity_id",
    Fault("NUM_FORMAT", "price", "39.00 or so"),
)
WEB_STORES_LAYOUT = _layout(
    "magento", "store", "store_id code name website_id timezone country_id is_active", "store_id"
)
TICKETS = _layout(
    "cashmere",
    "tickets",
    "ticket_id store_code till_no ticket_no sold_at employee_code card_no ticket_type"
    " total_incl_tax tax_amount discount_amount currency payment_method updated_at",
    "ticket_id",
    Fault("DATE_FORMAT", "sold_at", "12/31/2025 10:00:00"),
    Fault("DATE_RANGE", "sold_at", "01/01/1900 00:00:00"),
    Fault("NUM_FORMAT", "total_incl_tax", "49,9O"),
    Fault("REQUIRED_MISSING", "store_code", ""),
    Fault("ID_MANGLED", "card_no", "2.9E+12"),
    Fault("VALUE_UNKNOWN", "ticket_type", "SOLD"),
    Fault("FX_MISSING", "currency", "ISK"),
)
TICKET_LINES = _layout(
    "cashmere",
    "ticket_lines",
    "ticket_id line_no sku label qty unit_price_incl_tax discount_amount_incl_tax tax_rate"
    " line_amount_incl_tax promo_code original_ticket_id original_line_no",
    "ticket_id",
    Fault("NUM_FORMAT", "qty", "deux"),
    Fault("NUM_FORMAT", "line_amount_incl_tax", "30.00.00"),
    Fault("REQUIRED_MISSING", "tax_rate", ""),
    Fault("ENC_INVALID", "label", f"Chaussettes {_BROKEN_BYTE}"),
)
CARDS = _layout(
    "cashmere",
    "customers",
    "card_no title first_name last_name birth_date email mobile postcode city country"
    " home_store_code created_on updated_at email_optin sms_optin post_optin",
    "card_no",
    Fault("ID_MANGLED", "card_no", "2.9E+12"),
    Fault("DATE_FORMAT", "birth_date", "1988-05-14"),
    Fault("REQUIRED_MISSING", "created_on", ""),
    Fault("BOOL_FORMAT", "email_optin", "perhaps"),
)
SHOP_PRODUCTS = _layout(
    "cashmere",
    "products",
    "sku ean label family subfamily brand collection size colour price_incl_tax cost updated_at",
    "sku",
    Fault("NUM_FORMAT", "price_incl_tax", "46.80 EUR ?"),
)
SHOPS_LAYOUT = _layout(
    "cashmere",
    "stores",
    "store_code name city postcode country region timezone opened_on closed_on",
    "store_code",
)
EMPLOYEES = _layout(
    "cashmere",
    "employees",
    "employee_code display_name store_code hired_on left_on",
    "employee_code",
)
