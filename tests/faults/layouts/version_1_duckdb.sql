-- A small warehouse of version 1, as the first habitue left it: sample exports, loaded under the
-- tests' pseudonym key.
create schema ops;
create schema raw;

create table ops.pseudonym_keys (
    fingerprint varchar not null,
    recorded_at timestamp not null
);
insert into ops.pseudonym_keys values
('49a150f0f875a05fe8be0e7d5dcfc897', '2026-11-22 00:10:53.011066');

create table ops.files (
    file_id bigint not null,
    source varchar not null,
    entity varchar not null,
    file_name varchar not null,
    sha256 varchar,
    bytes bigint,
    changed_ns bigint,
    exported_at timestamp,
    rows_seen bigint not null,
    rows_loaded bigint not null,
    rows_quarantined bigint not null,
    rows_exact_duplicate bigint not null,
    state varchar not null,
    reason_code varchar,
    reason varchar,
    drift_columns varchar,
    warnings varchar,
    run_id varchar not null,
    recorded_at timestamp not null
);
insert into ops.files values
(1, 'cashmere', 'stores', 'stores_20251031.csv', '76b5ba4e4ad0d875a31b43bfe18b5eed76d95993d9b4421b7ef4fcd49654a285', 311, 1795306251599312557, '2025-10-31 00:00:00', 3, 3, 0, 0, 'loaded', null, null, null, '{}', 'an-earlier-run', '2026-11-22 00:10:53.318257'),
(2, 'cashmere', 'tickets', 'tickets_20251031.csv', 'b2ae956c163fc9f58558644a8e0ee2d59f16f58023519cf74640e94d25881245', 3023, 1795306251599594775, '2025-10-31 00:00:00', 30, 22, 8, 0, 'loaded', null, null, null, '{}', 'an-earlier-run', '2026-11-22 00:10:53.921844'),
(3, 'cashmere', 'tickets', 'tickets_20251103.csv', 'fd9da53ac3bca9fb457852df42c90dfa4a475cfc204e483c420463967eb858d3', 564, 1795306251599621274, '2025-11-03 00:00:00', 4, 4, 0, 0, 'loaded', null, null, null, '{}', 'an-earlier-run', '2026-11-22 00:10:54.009904');

create table ops.quarantine (
    quarantine_id bigint not null,
    file_id bigint not null,
    source varchar not null,
    entity varchar not null,
    file_name varchar not null,
    line_no bigint not null,
    reason_code varchar not null,
    column_name varchar,
    message varchar not null,
    value_hash varchar,
    encrypted_row varchar,
    state varchar not null,
    recorded_at timestamp not null,
    expires_at timestamp not null
);
insert into ops.quarantine values
(1, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 24, 'DATE_FORMAT', 'sold_at', 'tickets_20251031.csv line 24, sold_at: DATE_FORMAT: "99/99/9999 99:99:99" names a day or time that does not exist; write the date in a format that the contract declares', '024b02cd9bb90d9349142a6626abbdac', 'gAAAAABrAjMNMqpjekg0Rq32glb6Swx4g_ORZYbhbQeoC7myYxM4NK9CNtu_Q4feNH3DeEzlXuTd64QFRhTYPmQbyIs0AW7e5jKp1yPvHbRJEiBfEJsHc2oCneV93nUgB42qFd-jqQSrg0iBkrrBtjCXm_MXhi_93Tlmcl9NXv2QXucRIkFUF8Pa_fot9skcbZTLAm3FghdN_t2Eru56rn_1UfpC-Xfspfl5S2uHQbgt94-yyv9R9yxL2dZjsCTy0Qsk9m7lWpY8wC7LJ7Z1oJsTRZZdzknyUVdTQQUlqZ4VvuB79PMDR7yPqXK7BxHsnKvnfi3Yx0B8umVPkeEmy0DF6ZbjGBEXrkB57RXuHrDT6xODkwvn7UaM594TbvDW35uMdhRP1T1ox1d1q2N_Np2w0qx37e7POGbpVpUpQAhaDRePHQmpAnsFRIhldz4Y82S2O_XZj6PGbXTPF2spXK0VBfkStbPNO_ho1v_niD6WSZPmPbsb7rY0fNfFROAnTydlz3_oEAj1XBIea0j60VPB6WRC3d-mug==', 'open', '2026-11-22 00:10:53.921844', '2026-12-22 00:10:53.921844'),
(2, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 25, 'DATE_FORMAT', 'sold_at', 'tickets_20251031.csv line 25, sold_at: DATE_FORMAT: "99/99/9999 99:99:99" names a day or time that does not exist; write the date in a format that the contract declares', 'cc3f0cfc80db72f20312cf3777d5b35a', 'gAAAAABrAjMNNUq3mQNrpo943szRhYyTl-0SAJCEf9nRh-MSDcm2G1jD3y20HzU0G1TCIJBEHTRfjZa272T9w-Gi7wWRFpGrqAFlFPA6Ndb15LPBMejmHuwhmrXgw5klf2I9P4p9hfqhwa25ZMMxq4V7SAd2YCpdyN1EQtAhCq99SST2D1XQkELPSlvo6eN3hP6_yzOKacN8POTZrTdsOCUr5tMx89jXgXep1oqtpb-PDkksvo1ZZoTQzOcSeY1dMDDGrVTmPgjoOgkIMk6uXbCGkkyWfcYGfa3yXKK2qas6DOC4ZeKC_mkg1cq87Um_-kG67xzrJ9WaoHJRQJr72-VrymXjd99PS60m1_C6wOD-cwNKUZWy6M7jYloyQU_cpFPJ1lh6isMcHmrzhHGf3q6dLh1ww7KkmeMWLFKr2xtgAWzKiGo9MqShoFaTrNLTwVQqvcxRa3RkyS1vQP8NQAeRDgeM_IQ_XEWJ5PO3VJyr0muyUHjmi5UP17jYfu0AVJ6kWSdseMasv4hc-jh5RuoFoUrq_xUGtA==', 'open', '2026-11-22 00:10:53.921844', '2026-12-22 00:10:53.921844'),
(3, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 26, 'NUM_FORMAT', 'total_incl_tax', 'tickets_20251031.csv line 26, total_incl_tax: NUM_FORMAT: "99,9a" is no decimal; write the number with the contract''s decimal mark, or correct the contract', 'bc53bfd99a711ebaca8a7dcf9578613a', 'gAAAAABrAjMNKD9tMi4O7x0cUYDkbc53ZWYaHDIf0T09_uPz34qLkGoORJBoCmabgDGDqdL7AarIdQG0IQxAqCna9lPAHQfNEFqTwA9oaK9hY35v3q38yyI-YQuelEBGUyjMfdhq1Jm_PmKsnGx3d3LrfaLxv3YdZB8Xgo3nE7Vt73mHxt03xrCATIQliPZ18ujMguB20fZKce3tEA11s48QwKhWKIejvhu0eCPcFDR8LYnmaAwW39_sXWkxMzOCVycraYYxvpVzvah7z7aoXWkJKlLyI8s3UtZTn5RG3u7QtdtSnGqO_g8JSp6vs024ApAr6TQzInOpo7EsQVK7rMZvqaGhjncvkLDt6RgsLQZhVcPErp-Ujg79CH6cn2LMd-fhMJ_ia0iunNuFV0HKj32EpBuXq-3lI9nCHEGZT6wGIWSCEHZ9cyIEJSdiwrfgtuZvQCxtUlftLBJctdeZN-xBUiLx2LXwlu4nWdLU0_Z7LHN9TZvVbsIOCbz_pY3fx8Ih16NkqYGsK4M4SAH_uV8vLVfCDowM_g==', 'open', '2026-11-22 00:10:53.921844', '2026-12-22 00:10:53.921844'),
(4, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 27, 'REQUIRED_MISSING', 'store_code', 'tickets_20251031.csv line 27, store_code: REQUIRED_MISSING: no value; fill the value in the source system and send the row again', null, 'gAAAAABrAjMNhhQQeYR_H8h5Fa3zzA85YrLZrGtCUlVhZG5rnaHhY3nYcAfMUlH4nAKeBkXMKrTBMt9okjWsjDUA930k_WFy3ttCAGBJMxXX1fO3QJftGs4eMz1aEyPpq6Rkp96LczFxJqWyJcG5UUbVzF9zsWdruFDCDY-H1LekGsvuRh30m6PYs_RxRPs1fsrYas1G4xlLuQxlHKIhDDc75PKZli91trXs067rLyVDvIddg0JJVeClWvh_H_93MRTjoEJmyIUiDo_pj4cak9GjOeICbEVSLxtSWkrUsfH-nvQE46g5NySo1Vy_87qfnQtiNiKfIIXgfZvOMbHOq7PJ0O3dZR_08Brhoqt99S1cUJJrpChvud9uxN3yI4PwJiYfgBCLX62lysXjZaJsln9q0yhz5IWXSqrr8INvyI8Lv6BFhVPXN3Cjx_Ndx_8BVOOFEtCJaWZF4VuT7wi9q5BZ6Y3CuQIQ5dpR5xo-9ytn9brV0xqVATTXthHewGFuTHX-QwnP425osOYlLjuNJDjjFeKTn3KyjA==', 'open', '2026-11-22 00:10:53.921844', '2026-12-22 00:10:53.921844'),
(5, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 28, 'DATE_RANGE', 'sold_at', 'tickets_20251031.csv line 28, sold_at: DATE_RANGE: year before 1901 or after 2100; correct the year in the source system and send the row again', '4381881734b1c315fbd99f12c3d3300f', 'gAAAAABrAjMN3pyKN48e_uDqR5Dc2UUdyR6hirbuxCymSz81L76K1mf5Mhjbt593VvD15ER455jcVEZOtPniTrA7ylVJwRP16-jrgTb-r926jJYoGXZjDeI4Xab_C9G0Ek6PKFyij8aMOn0Bm6DsbjHiFG7CMRdjFd1gb5sVzx6VZOdB1Om1xCq8NFeC0daHJfRiyO_rx3drp0qUabH-dsNi-iwDEq8lgnQRQ3Ei9d30oYzG3CLJV_9xRobnSmNrwqGSSEjkx_IZJ_9DUrUY-TmCjkRtZ9dAT8MiRyBivDs74Z2xqOCwOOcUTjae8hoAgSOYdp73Xj-zMyEjULAA8hRRgdKHSMtby60xohB4opskkD18JpZl7caeEzJadqTnHjLCD1XUGEECl9B0NBho02s8YwGn2iGzGMdNcPdmRT8T5vhr1LjKwgfIaSwTbIZB9IEhGqopmRm5zW_EkmEob9Quqtaf4yWKIeTlI6SwQuuycByZwBo25sUZzIreqj5raf35fq9nH_1LaG71Pv3lDxaypJ_KBS9wRg==', 'open', '2026-11-22 00:10:53.921844', '2026-12-22 00:10:53.921844'),
(6, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 29, 'COLS_MISSING', null, 'tickets_20251031.csv line 29: COLS_MISSING: the row has 11 fields, the header 14; quote fields that hold the delimiter or a line break; send the row again', null, 'gAAAAABrAjMNMMVmdsyH7Qz8W8mznmzOcY3roNYYBw1rSpMH-umPOeownWZTGzJq2rw1sUi3Pm9FkJRbHIOK1l7M_QKogBrlQ5cG28mQH-2w7P8sCLsAFA6RCCvHsnJgDpLjLHqqTCaVxMB1TXnGRTkgaFN9GKbFtNwAQlSaeq1D19WavghDsiHy2-bYi0OQbUKFjQtVPbauV7j8fl4O4ZGoQW_oXPck7sgIstxhF1tPq9RWu0PI_dZGjE0ziFSD--JHD7eBn1ebj2t5Hq6SOd_K1ixDYPPV2BF8JRA7EkSPAMwD31c-ni6JbPgLvpW2J9a37CvplLPCWYO5SUV0qQoidScEtslXJxrgEVtdIl4Jn6DP5tLT-4LOU_MllWuwGry-ScAyKTejPs25obtCXgVEwGp92M44ZeATXiGdaljDbZqrvUGqCRhqu5n-tTv6vkhuIljvrcoOj99KDPdwDiGGtQG1x4WjYi43tGZzaYBzBJWfzLePGCc=', 'open', '2026-11-22 00:10:53.921844', '2026-12-22 00:10:53.921844'),
(7, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 30, 'ID_MANGLED', 'card_no', 'tickets_20251031.csv line 30, card_no: ID_MANGLED: "9.9a+99" is in E notation; export the identifier as text; a spreadsheet has rounded it', 'a118f66104946757621852eb3c4f82df', 'gAAAAABrAjMNp8FizU5na-pnBbMqYXBwzPkeQ0bRy_10CcHtoBoAmoBGhWRINmOLkKL8Md5idK5mIiwFVoSGxgiGb8uEJz14E9pet7vB1SQmYH9XKtTMlOszQmgtR7zqYuDwZdHOaTLLevT6zlXPBqcqpMNBU3SdMn2pkDvK4ocumpoJQSRQ2V-ieX_8ezat39FtRAKZnKVllQeQA7a_S0SD7FZ2VksiQMg9RnGBlarHfZoH3tk9LG5AhmSqGx2bHSYSorH28qBxGJj24V5gBtsFnuvDzl1ZDRva1IgsnOZ7AdU9UH2iyvFyxVsWM9xz-ODUQ8E_dZ16AJGHs_qwR3P2qDMPFs125GOjwmNFCTivInHPS-KPH6qaWig_jSApD48tc7K8KVKroUPkzShUhM4qfO08YritaC_s18Bdj4tA8QYHY4TUksgZ3BJJaxiy90PW01K3ea3PE8BbPJdyz6nIvwcaOibQxU3yAOa6oHSdepGYMQSUoVBwd0l99EogqpqP0-XWUUgGefs22hQQ7LZ1LnxySQtXJ1mvkAMyFSTBkUigvOm88PY=', 'open', '2026-11-22 00:10:53.921844', '2026-12-22 00:10:53.921844'),
(8, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 31, 'FX_MISSING', 'currency', 'tickets_20251031.csv line 31, currency: FX_MISSING: no rate of ISK to EUR for the day of sold_at; add the rate to seeds/reference/fx_rates.csv, then retry the quarantine', 'cdc51f20903f211ef6decda65f48e269', 'gAAAAABrAjMNVXF5BxUgzYft_ozIUkw7wDhFuX2EVgznIV2wGOlM0Gq8-X-dNCxBHvFMHeka-onyfrtWXzqSjufuTU09iHB_uRVM7K38FImctes1L2BKRMHew6ehKCfqYEk7EpQdj37v2q-lvX26a-2KR0qf3XQMBQTaCWxL11i4KTSJMb5mEMruc38soxOlXrR2Auv2E7Uy9ibN-sUNlmSPrTSuHH76iWYlE-bdWtPp2g9WnLt9_Q0ldIQDOX5hqLaUcYgdxvKjKxZMfQoH_1_KIbaz5ty6j7qMcxgLyXXTJmXAjvXDN7TRj_mDCEyRsqINV9pYR7AsxMFwsQjxjA0n0taP94NXu2Fe2Zr6BpWCa8BUlVfgCxSTzL7fX5z1k70NYxDlv_rciTGX5RDilBXCuWXXlVdhqhGSTrUMSeSz_4bHJZser71aUsNvZ9F5_3q6SZ4yoSvjueBsIuGesgBft2qWOOUX3eMgRJT6Kdtl9Kq1WY2ntCmUlH23rZssXN1H5Lm1GewTae_EouRVwoCKRS502zvEjQ==', 'open', '2026-11-22 00:10:53.921844', '2026-12-22 00:10:53.921844');

create table raw.cashmere_stores (
    "store_code" varchar,
    "name" varchar,
    "city" varchar,
    "postcode" varchar,
    "country" varchar,
    "region" varchar,
    "timezone" varchar,
    "opened_on" varchar,
    "closed_on" varchar,
    _file_id bigint,
    _line_no bigint,
    _exported_at timestamp,
    _loaded_at timestamp,
    _row_hash varchar
);
insert into raw.cashmere_stores values
('P01', 'Paris Saint-Honoré', 'Paris', '75001', 'FR', 'Île-de-France', 'Europe/Paris', '2015-03-01', null, 1, 2, '2025-10-31 00:00:00', '2026-11-22 00:10:53.318257', '28155b52d04995f07b066c4fcaea5cd3'),
('C01', 'Las Palmas Triana', 'Las Palmas', '35002', 'ES', 'Canarias', 'Atlantic/Canary', '2019-09-15', null, 1, 3, '2025-10-31 00:00:00', '2026-11-22 00:10:53.318257', 'b782545b1e1b052fc6fb90849954bcc0'),
('P02', 'Paris Marais', 'Paris', '75004', 'FR', 'Île-de-France', 'Europe/Paris', '2010-03-01', '2022-12-31', 1, 4, '2025-10-31 00:00:00', '2026-11-22 00:10:53.318257', '923a7905fec60e6dcc1ab54646c7574e');

create table raw.cashmere_tickets (
    "ticket_id" varchar,
    "store_code" varchar,
    "till_no" varchar,
    "ticket_no" varchar,
    "sold_at" varchar,
    "employee_code" varchar,
    "card_no" varchar,
    "ticket_type" varchar,
    "total_incl_tax" varchar,
    "tax_amount" varchar,
    "discount_amount" varchar,
    "currency" varchar,
    "payment_method" varchar,
    "updated_at" varchar,
    _file_id bigint,
    _line_no bigint,
    _exported_at timestamp,
    _loaded_at timestamp,
    _row_hash varchar
);
insert into raw.cashmere_tickets values
('P1-0001', 'P01', '1', '1', '2025-01-11 11:02:33', 'E01', 'v1_whmvgzevgprbqa4hlzpwfreqjk', 'SALE', '76.60', '12.77', '0.00', 'EUR', 'CARD', '2025-01-11 11:02:33', 2, 2, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '7f4a0a40b5aa2c6f12277dc1d8ed0105'),
('P1-0002', 'P01', '1', '2', '2025-01-11 11:40:00', 'E01', null, 'SALE', '49.99', '6.04', '0.00', 'EUR', 'CASH', '2025-01-11 11:40:00', 2, 3, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', 'c1c70d2ae220dd1b97dd0918c4e71294'),
('P1-0003', 'P01', '2', '1', '2025-01-18 16:20:10', 'E02', 'v1_pw5ik7wndchi7g55n6ehqpxpj7', 'SALE', '90.52', '15.09', '32.36', 'EUR', 'CARD', '2025-01-18 16:20:10', 2, 4, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '7cb03ff023ad0764829c0790d0b8ee61'),
('P1-0004', 'P01', '1', '3', '2025-01-25 12:12:12', 'E01', 'v1_pw5ik7wndchi7g55n6ehqpxpj7', 'SALE', '51.29', '7.92', '10.00', 'EUR', 'CARD', '2025-01-25 12:12:12', 2, 5, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', 'ad32e9d87c2a4700c87487d5889e6932'),
('P1-0005', 'P01', '1', '4', '2025-01-25 12:20:00', 'E01', null, 'VOID', '107.88', '17.98', '0.00', 'EUR', 'CARD', '2025-01-25 12:20:00', 2, 6, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '8b47eccdbdadef337955b211a518c5b0'),
('P1-0006', 'P01', '1', '5', '2025-01-28 10:05:00', 'E02', 'v1_whmvgzevgprbqa4hlzpwfreqjk', 'RETURN', '-46.80', '-7.80', '0.00', 'EUR', 'CARD', '2025-01-28 10:05:00', 2, 7, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', 'c5cd2ed1d0a651b53c15362d8d6b295c'),
('P1-0007', 'P01', '2', '2', '2025-02-01 15:00:00', 'E02', 'v1_pw5ik7wndchi7g55n6ehqpxpj7', 'SALE', '11.40', '1.90', '0.00', 'EUR', 'CARD', '2025-02-01 15:00:00', 2, 8, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '82babbc62dd0e8b203efc75129df70ea'),
('P1-0008', 'P01', '1', '6', '2025-01-31 23:59:59', 'E01', null, 'SALE', '15.00', '2.50', '0.00', 'EUR', 'CARD', '2025-01-31 23:59:59', 2, 9, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '696a7eb398fe280dbedcd1fc402cf9e5'),
('P1-0009', 'P01', '1', '7', '2025-02-01 00:00:01', 'E01', null, 'SALE', '45.00', '7.50', '0.00', 'EUR', 'CARD', '2025-02-01 00:00:01', 2, 10, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '6b4e6107440acb424c5c865d27468ccc'),
('P1-0010', 'P01', '1', '8', '2025-03-30 02:30:00', 'E01', null, 'SALE', '14.90', '2.48', '0.00', 'EUR', 'CARD', '2025-03-30 02:30:00', 2, 11, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', 'ed87b56c9983ca3621af40604e2b4c34'),
('P1-0011', 'P01', '1', '9', '2025-10-26 02:30:00', 'E01', null, 'SALE', '29.80', '4.97', '0.00', 'EUR', 'CARD', '2025-10-26 02:30:00', 2, 12, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', 'ec4c304f739dff23db2316948ba965ac'),
('C1-0001', 'C01', '1', '1', '2025-01-31 23:30:00', 'E03', null, 'SALE', '75.00', '4.91', '0.00', 'EUR', 'CARD', '2025-01-31 23:30:00', 2, 13, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '1d0238b2a17ea8f4098653db620a3ee0'),
('C1-0002', 'C01', '1', '2', '2025-05-05 18:30:00', 'E03', 'v1_ivnfu7a2ekaxogyc5agz5dn3k5', 'SALE', '50.40', '3.30', '0.00', 'EUR', 'CARD', '2025-05-05 18:30:00', 2, 14, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '896e8e2e66490ef3b340cb8dbf2b219d'),
('P1-0013', 'P01', '1', '10', '2025-02-10 10:00:00', 'E02', 'v1_ulfqapfhdjurlwv6jhgay5fxpd', 'SALE', '44.70', '7.45', '0.00', 'EUR', 'CARD', '2025-02-10 10:00:00', 2, 15, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '5ca1dc32614eddae68275c1bd3ada7dc'),
('P1-0014', 'P01', '1', '11', '2025-09-10 10:00:00', 'E02', 'v1_ulfqapfhdjurlwv6jhgay5fxpd', 'SALE', '107.88', '17.98', '0.00', 'EUR', 'CARD', '2025-09-10 10:00:00', 2, 16, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '70143f44dc51ae65ba6989df5565ffe5'),
('P1-0015', 'P01', '1', '12', '2025-02-14 19:00:00', 'E01', 'v1_ivnfu7a2ekaxogyc5agz5dn3k5', 'SALE', '61.70', '10.28', '0.00', 'EUR', 'CARD', '2025-02-14 19:00:00', 2, 17, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', 'edf82cc3931bcfc3b125c7c395534c59'),
('P1-0016', 'P01', '1', '13', '2024-12-01 17:00:00', 'E01', null, 'SALE', '50.00', '0.00', '0.00', 'EUR', 'CARD', '2024-12-01 17:00:00', 2, 18, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '42e9a9f31f4a141b9b49d7d61a1e614a'),
('P1-0017', 'P01', '1', '14', '2025-03-03 17:00:00', 'E01', null, 'SALE', '46.80', '7.80', '0.00', 'EUR', 'GIFT CARD', '2025-03-03 17:00:00', 2, 19, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', 'c922dbba37caebc569b5a41b28c1108d'),
('P1-0018', 'P01', '1', '15', '2025-03-04 17:00:00', 'E02', null, 'SALE', '67.51', '8.96', '5.28', 'EUR', 'CARD', '2025-03-04 17:00:00', 2, 20, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', 'd6afc2092b8a7a42868947fe33aa972c'),
('P1-0020', 'P01', '1', '16', '2025-10-29 18:00:00', 'E02', null, 'SALE', '29.80', '4.97', '0.00', 'EUR', 'CARD', '2025-10-29 18:00:00', 2, 21, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '10c007469ed559643c436a0e8f460e19'),
('P1-0021', 'P01', '1', '17', '2025-10-30 18:00:00', 'E02', 'v1_whmvgzevgprbqa4hlzpwfreqjk', 'SALE', '30.10', '5.02', '0.00', 'EUR', 'CARD', '2025-10-30 18:00:00', 2, 22, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '22a33022930ab683a0f6fed3f5e32a0e'),
('C1-0003', 'C01', '1', '3', '2025-10-31 12:00:00', 'E03', null, 'RETURN', '-15.00', '-0.98', '0.00', 'EUR', 'CARD', '2025-10-31 12:00:00', 2, 23, '2025-10-31 00:00:00', '2026-11-22 00:10:53.921844', '81b0c25330778628699fb51e5c21913c'),
('P1-0020', 'P01', '1', '16', '2025-10-29 18:00:00', 'E02', 'v1_pw5ik7wndchi7g55n6ehqpxpj7', 'SALE', '14.90', '2.48', '0.00', 'EUR', 'CARD', '2025-11-01 09:00:00', 3, 2, '2025-11-03 00:00:00', '2026-11-22 00:10:54.009904', '34ff35e66c7d60ef520cfaf7735c9ce3'),
('P1-0021', 'P01', '1', '17', '2025-10-30 18:00:00', 'E02', 'v1_whmvgzevgprbqa4hlzpwfreqjk', 'SALE', '30.10', '5.02', '0.00', 'EUR', 'CARD', '2025-10-30 18:00:00', 3, 3, '2025-11-03 00:00:00', '2026-11-22 00:10:54.009904', '22a33022930ab683a0f6fed3f5e32a0e'),
('P1-0019', 'P01', '3', '1', '2025-09-20 11:00:00', 'E02', 'v1_whmvgzevgprbqa4hlzpwfreqjk', 'SALE', '45.36', '7.56', '5.04', 'EUR', 'CARD', '2025-11-01 09:30:00', 3, 4, '2025-11-03 00:00:00', '2026-11-22 00:10:54.009904', '9bd468a83074ae884a7f268e59e2bb97'),
('P1-0022', 'P01', '1', '18', '2025-11-02 15:00:00', 'E02', null, 'SALE', '44.90', '7.50', '0.10', 'EUR', 'CARD', '2025-11-02 15:00:00', 3, 5, '2025-11-03 00:00:00', '2026-11-22 00:10:54.009904', 'bb5921e724c8c158dc522ae220f8868f');

create table ops.golden_keys (
    customer_key varchar,
    anchor_source_customer_key varchar,
    event varchar,
    merged_into varchar,
    publication_number bigint
);
insert into ops.golden_keys values
('c_1', 'magento:1', 'born', null, 1),
('c_2', 'cashmere:2', 'born', null, 1);
