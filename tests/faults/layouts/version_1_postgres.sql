-- A small warehouse of version 1, as the first habitue left it: sample exports, loaded under the
-- tests' pseudonym key.

set role loader;

create table ops.pseudonym_keys (
    fingerprint varchar not null,
    recorded_at timestamp not null
);
insert into ops.pseudonym_keys values
('49a150f0f875a05fe8be0e7d5dcfc897', '2026-11-22 00:11:03.465192');

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
(1, 'cashmere', 'stores', 'stores_20251031.csv', '76b5ba4e4ad0d875a31b43bfe18b5eed76d95993d9b4421b7ef4fcd49654a285', 311, 1795306258494220970, '2025-10-31 00:00:00', 3, 3, 0, 0, 'loaded', null, null, null, '{}', 'an-earlier-run', '2026-11-22 00:11:03.555444'),
(2, 'cashmere', 'tickets', 'tickets_20251031.csv', 'b2ae956c163fc9f58558644a8e0ee2d59f16f58023519cf74640e94d25881245', 3023, 1795306258494317182, '2025-10-31 00:00:00', 30, 22, 8, 0, 'loaded', null, null, null, '{}', 'an-earlier-run', '2026-11-22 00:11:04.062140'),
(3, 'cashmere', 'tickets', 'tickets_20251103.csv', 'fd9da53ac3bca9fb457852df42c90dfa4a475cfc204e483c420463967eb858d3', 564, 1795306258494348288, '2025-11-03 00:00:00', 4, 4, 0, 0, 'loaded', null, null, null, '{}', 'an-earlier-run', '2026-11-22 00:11:04.124566');

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
(1, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 24, 'DATE_FORMAT', 'sold_at', 'tickets_20251031.csv line 24, sold_at: DATE_FORMAT: "99/99/9999 99:99:99" names a day or time that does not exist; write the date in a format that the contract declares', '024b02cd9bb90d9349142a6626abbdac', 'gAAAAABrAjMYe4-2XZ5Wnof8MjLrcei3iY2lagYEtQFWc8f2P17-eEqz0gQT0I9D-bgFdJHAyFgKkAh8eXsH1wY0HV90zmbKtqBklRhPGJ8klxBKh_Z10nsJXGQmCdZAIfWiCl6eNLmfSStgDjZrPc6TZ6hRPLQ_iM-BD8BmEePrg3evX9AJMTh2UOnzwmatTnEw9whNAMFhADbecDkoJYJOsj73XGlI46M4gUWj3-0RVYgwZJcCxLzu8eE5cRSd1P_-SVldXjrcIxXDNCUgR3YoDcD40va67BPICldzIeYdXglstNfj4Iv7F0BIwQJ9Rj8JLds4mzLmSfIfqPUzbUsgt4-KzsJz4lQCRM8FOGMJNYaqHnrJCcTlMl9O4T7ODdHz28lC8e2Kmj_BeNs_0tCTXUfS9VlshvY6tQ-PTf9sM7tUmTYj6gZbC-5RWLJD_4TW79Dfoe_RRGOEuA5D2k5U5bqbuSUEjBkogCHrfFSpChwNWN3j0NQoCGgyFr0Vg1neL-kAXuJrkY07NFrnM0QViqXq4ye2RA==', 'open', '2026-11-22 00:11:04.062140', '2026-12-22 00:11:04.062140'),
(2, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 25, 'DATE_FORMAT', 'sold_at', 'tickets_20251031.csv line 25, sold_at: DATE_FORMAT: "99/99/9999 99:99:99" names a day or time that does not exist; write the date in a format that the contract declares', 'cc3f0cfc80db72f20312cf3777d5b35a', 'gAAAAABrAjMYBkRQgpihO6be9rfBPMtQsVltCpGbO9Y2p9jHpFDeeLEBGrBS32EuB8RkEDTxE5hILGTSll2W9wcRxXmwp5-yUDAFpAMQoMyfS0YZnq-1Xw4prRlL8jvkNGOSehcQ3CHCfbgqYiU62_QxzvJl79TxuiGYFa8zGkCeuKoWplykmn5Ub3pbnJe1yCiSKisnPF3GahWg008V4_dk4RdIpYuntY6LLqsDftOllAAsb52guTII-I_6lGCDVuYZd1xcRPyXsum6LALGSntNvn_DFgvKcqJYITXyvI5D009Pw4bFTwG3Wylqag48ceMbLOypqydTgzA3TDPImC-eEhWLHrt41gG347r24aaC3Is9rCr5pfxl6_jaSLpSNK-sBFbrV7NBS2xMngneM2fiUCfcFw7Q20Meb990t6qUtt_kG2dgQTMqL65dal14SBB8JuiGkzujB142FRLE-kg3tsDTd_LRPDfBLacqYhGhP1tPt6wth_WR9vL9ezb-MnOKlnnvMBnp_mKb8Afw1Ek38-9edgvoKQ==', 'open', '2026-11-22 00:11:04.062140', '2026-12-22 00:11:04.062140'),
(3, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 26, 'NUM_FORMAT', 'total_incl_tax', 'tickets_20251031.csv line 26, total_incl_tax: NUM_FORMAT: "99,9a" is no decimal; write the number with the contract''s decimal mark, or correct the contract', 'bc53bfd99a711ebaca8a7dcf9578613a', 'gAAAAABrAjMYbhvSV6SeOUM53a7l6UMGmXXZ4DqWHSN85SN6_s8nQpjoNvNEFhSQD0SMAtomoCCnDf9z2GVnBn2Ob8_RkiMEOC6vYuGkAn7JXtOB9EKlKjn4HnGA5i-slueQM_jm9DJF0I5TW5HuUHTN7Kh5U50MDI9xs2tOi0S_Y9JEq0LOo9e61PViQ1R3oobaa5tNQV3-G2So3Yj6uqa_LVKrmFUHre0385Hv3xJf9_B6SqzPmXqGV81BdU0erNLMWLrENBn8q2zOktSeWDlqHHmoiofxw54WoS0JvqIl7DplQ73oflFyETtdetUgeIk8Gd1XNAKItldOQmg-_CdyIO1NnQl-5euee39Oy3vdPCCH00Oq_TZFu345OqTfzsFz1DrfEnaHC-0lmZZ0P3MDGsDMzrEnYplUtrMP-DnR-mpAxgPSpRDWsVkeQm9dLz4aGlOsFltfXD1ynwsTTikP1qegYdUHDi_S3hrtD-TjDZ1bTdhPgbOQ6XY2DyvisASidrPxq8zFAiv66bqfSy5sy6Gcwis-jw==', 'open', '2026-11-22 00:11:04.062140', '2026-12-22 00:11:04.062140'),
(4, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 27, 'REQUIRED_MISSING', 'store_code', 'tickets_20251031.csv line 27, store_code: REQUIRED_MISSING: no value; fill the value in the source system and send the row again', null, 'gAAAAABrAjMYlT1WcxRikaV0uWj3mCokIYGDc-_8I6rEhz1onxRsJVHm00CtESs6JXSXdbzp6TOQcL_TZ_AdMtPZRUn0wXhqVfc3gu7fwDHgLjpVuaKZrv31cje4GX09EbMesfUvHWns-G2nOF4hbCdpeDhHX5Rmy-xMRpZJO69wiac3eIsCI1XtY5dEa-3DoA0IsNwNnsgdEbacxRWEPN4rnHL3-S90CepfH8QhW0wjP_Np6ESHVlTtLNuno74zyi48XRnM916KkXsIi7FBxYWV3oDRbaJx4-mlzqFKTiPNQXDGX2LOnPe1YK7QkVm5pINswmD9kTrEAtWzMfYYhIHDX1UTY8CoNd6bbVN3rPbY7Qc4jyuJduerb5NvTGkZokQICbStpdFTXc9XElK-OriutmRnnbxs7kV3Q8ojxYMHX7CVPCgaHIYe2Fu9vD9RLGlBJjB6OEWqrZ5iLPeqQAC89AJFUmpIxcLHKywIe2H1O2NnxE81fAxA607INN9ceaE1yJbJzUv5wHPP5jA-fiDy7dsBRX_qNQ==', 'open', '2026-11-22 00:11:04.062140', '2026-12-22 00:11:04.062140'),
(5, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 28, 'DATE_RANGE', 'sold_at', 'tickets_20251031.csv line 28, sold_at: DATE_RANGE: year before 1901 or after 2100; correct the year in the source system and send the row again', '4381881734b1c315fbd99f12c3d3300f', 'gAAAAABrAjMYPkJwXRBZZFDqs4Mjn-x-VKL3kZY1jKuLYLXcbRyoUEUOf6LwTVu53p5L_M4djVmMb7n_f_5rXYbeNI6BbeMsaw7ECOjAgX1R5eJchyUMMR5ZXeiO-ah76IBQ1UqO2Xflk5iEm9EDzkia_IvybI6zHfPANfD4obnhRuiOQuJh4b6awouLRDJw3aqUh5Dte4DfK55m3yoVWW4BfFCWSxiWr5PAHOBFYn31KE-K-FzOni4nqxwXH2W7cK-sexSl-G7dUMiBkzIyQVOdbmeMpMb0VbKvADLYjB8jZS1sFMXyKyhkj3C8ZwdPo9PsmdVPvFKrUFyviiVddqzuho-hMBA11Ep07eIaNzL1C6O1TcxV5xeRTAL9mnUYuGa_Lc78xhBS7Mw5pLoUXvzdjKTGkME0jx37wKWwyHeo9qmwvmgf9UBW6FwJA1cneJHI7IWw9YHMx6G2n-RiPkHy9GqhBWGnW7C5QGYeh4AjWi9rS6-irmvkqwroSXx98OsTDIZcI0enuQPDCv1EzCR-ozk-mgZgrA==', 'open', '2026-11-22 00:11:04.062140', '2026-12-22 00:11:04.062140'),
(6, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 29, 'COLS_MISSING', null, 'tickets_20251031.csv line 29: COLS_MISSING: the row has 11 fields, the header 14; quote fields that hold the delimiter or a line break; send the row again', null, 'gAAAAABrAjMYZSp0TbYQUwTDEJz-dH0wFMYFsnLTBIxPtio6RcDpq-2TW09RrTJs4gg4L2zeZZnFgr5DjG-nm1MEOy-GsPtICc9Z-fOIUOjVTx-1TyaVYu2P8XEJViT8eChK3QRWzhFmZtEkxyEzNEIQV11aVhg0SF5_vLEv26OfosE5NLOvY4YtW-6gLfiPtWE7DGiee_gML-gvlLYlVdHZRfUEka2H3vn0e_Bf6V1QHNsdionjX7s07JmZMcoSGNpaKPF9-UnmG8qcfbwczwKOU3XrmjmdB5HWwrpCtIqet2NVeRpJIa7LOZRw71KWIktc6ZF7GY255XGq5zpUCOmMqnpWxrEqU0u5OgwPufDQ6PNC9Je-BLssyJDQgHyyB2MCzTKIlLZXJORVk_Nl5ZLXwkRnK8oiQrVSKCceqLS82CLDzRh2ETrWC-lSdW_QAsqexZTbsBl31jcAwwPv-rNsZVqMX8KrJ1-W3wRj2XgVY_KDeGMrvMc=', 'open', '2026-11-22 00:11:04.062140', '2026-12-22 00:11:04.062140'),
(7, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 30, 'ID_MANGLED', 'card_no', 'tickets_20251031.csv line 30, card_no: ID_MANGLED: "9.9a+99" is in E notation; export the identifier as text; a spreadsheet has rounded it', 'a118f66104946757621852eb3c4f82df', 'gAAAAABrAjMYhSVoAgVkZ1mJ8qDftcADdTwetDPoyaDVoSYsh9Z9wFKIpJ8bzdE32mqi87RM0uX_R9SBT-9BIMcEvBoqCodq_1hRe6hlt3d3LTSaqFOyoXCFZdAdDsHOKJ0wbguSYgnZsGgH2qMqg29FtpFdZykY8-PG9ydgkvIc0IvGNSgejl1vV72F9adgR2HGb_hI2-USaq3hQnKplG4q4FGa1QFd85lejqKBixjAGllWd9fLdrIdPx2Nvg7tU-KAXxoDfbH58JEM8QnF_bljlp1xYQjJtjSJaT4wy5RcznB7EXtJjh_I8cZyUl2Hn3yfusZx13Lw4LM38AN5YHNDMoOiNYtYfHTk2O3lEESaS1i2jL2rWAFBQoJqn-ihQz3er32XGuByxSh72G1AkPog0l_9-ZCrdjLDtnzvG4JszuWmQIh0wZas_S41cpfSkgVL_E9xZWX8DhQcJrJYqUaBWDBiOJ-PGp_GyXcK7boZ3v-eMs1YjLQyUt3ltSidvNnSoKMKd3JqF68DN0yG7p77I9bxc3kswBsl6TFD9_1FeN0sdzQVvLQ=', 'open', '2026-11-22 00:11:04.062140', '2026-12-22 00:11:04.062140'),
(8, 2, 'cashmere', 'tickets', 'tickets_20251031.csv', 31, 'FX_MISSING', 'currency', 'tickets_20251031.csv line 31, currency: FX_MISSING: no rate of ISK to EUR for the day of sold_at; add the rate to seeds/reference/fx_rates.csv, then retry the quarantine', 'cdc51f20903f211ef6decda65f48e269', 'gAAAAABrAjMYUDAka3oTd3uybtOT0tMkBPSvcWrDmHkio6-5NFVYe8_Cg4Ct1MoDZaHB28URlRRdYDUA8fhvihQgkYUMWzY0k6MPYltKmL6sAbkzZEHkNlTh4OkbBpK_FFW5zJf3o7UC_AAqQ_vgKLcq4dqp0hzr5Wnvtfl4rbseaGNxQI7C96dEve8EFVaaBx_UIKaRumhUwkHKzqFuS-b6m-bkU_M0lbxGPjiXw5EpIq9a3CL4jxA2-IQ_btpNxBh1CxSG3YgqKoOIFA_3s_ueZawwffuKcDxlk2qvdgRz9Ow7FASGjsYAAZg2CWJp-l1O-tyHlBECW0IR69M1mEmtyXihVldELW0C_jMP9s3-k1ZjG63qbSuljWqPEB30dFxvUH9Rfj7_R0TUhWtiItIjaJInYH_hWtFSu2PWgzJXop5u7TGtihAjxqDiXx9jeybUoJdwMUqV-qhJ9DVh7wggkwGKdrR6bw4_34zL6cduI8tGhHjMGOSIDNfiIOEw3pSxKv02huiRIkFPvsyqMnglRDHwmqi5tw==', 'open', '2026-11-22 00:11:04.062140', '2026-12-22 00:11:04.062140');

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
('P01', 'Paris Saint-Honoré', 'Paris', '75001', 'FR', 'Île-de-France', 'Europe/Paris', '2015-03-01', null, 1, 2, '2025-10-31 00:00:00', '2026-11-22 00:11:03.555444', '28155b52d04995f07b066c4fcaea5cd3'),
('C01', 'Las Palmas Triana', 'Las Palmas', '35002', 'ES', 'Canarias', 'Atlantic/Canary', '2019-09-15', null, 1, 3, '2025-10-31 00:00:00', '2026-11-22 00:11:03.555444', 'b782545b1e1b052fc6fb90849954bcc0'),
('P02', 'Paris Marais', 'Paris', '75004', 'FR', 'Île-de-France', 'Europe/Paris', '2010-03-01', '2022-12-31', 1, 4, '2025-10-31 00:00:00', '2026-11-22 00:11:03.555444', '923a7905fec60e6dcc1ab54646c7574e');

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
('P1-0001', 'P01', '1', '1', '2025-01-11 11:02:33', 'E01', 'v1_whmvgzevgprbqa4hlzpwfreqjk', 'SALE', '76.60', '12.77', '0.00', 'EUR', 'CARD', '2025-01-11 11:02:33', 2, 2, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '7f4a0a40b5aa2c6f12277dc1d8ed0105'),
('P1-0002', 'P01', '1', '2', '2025-01-11 11:40:00', 'E01', null, 'SALE', '49.99', '6.04', '0.00', 'EUR', 'CASH', '2025-01-11 11:40:00', 2, 3, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', 'c1c70d2ae220dd1b97dd0918c4e71294'),
('P1-0003', 'P01', '2', '1', '2025-01-18 16:20:10', 'E02', 'v1_pw5ik7wndchi7g55n6ehqpxpj7', 'SALE', '90.52', '15.09', '32.36', 'EUR', 'CARD', '2025-01-18 16:20:10', 2, 4, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '7cb03ff023ad0764829c0790d0b8ee61'),
('P1-0004', 'P01', '1', '3', '2025-01-25 12:12:12', 'E01', 'v1_pw5ik7wndchi7g55n6ehqpxpj7', 'SALE', '51.29', '7.92', '10.00', 'EUR', 'CARD', '2025-01-25 12:12:12', 2, 5, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', 'ad32e9d87c2a4700c87487d5889e6932'),
('P1-0005', 'P01', '1', '4', '2025-01-25 12:20:00', 'E01', null, 'VOID', '107.88', '17.98', '0.00', 'EUR', 'CARD', '2025-01-25 12:20:00', 2, 6, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '8b47eccdbdadef337955b211a518c5b0'),
('P1-0006', 'P01', '1', '5', '2025-01-28 10:05:00', 'E02', 'v1_whmvgzevgprbqa4hlzpwfreqjk', 'RETURN', '-46.80', '-7.80', '0.00', 'EUR', 'CARD', '2025-01-28 10:05:00', 2, 7, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', 'c5cd2ed1d0a651b53c15362d8d6b295c'),
('P1-0007', 'P01', '2', '2', '2025-02-01 15:00:00', 'E02', 'v1_pw5ik7wndchi7g55n6ehqpxpj7', 'SALE', '11.40', '1.90', '0.00', 'EUR', 'CARD', '2025-02-01 15:00:00', 2, 8, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '82babbc62dd0e8b203efc75129df70ea'),
('P1-0008', 'P01', '1', '6', '2025-01-31 23:59:59', 'E01', null, 'SALE', '15.00', '2.50', '0.00', 'EUR', 'CARD', '2025-01-31 23:59:59', 2, 9, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '696a7eb398fe280dbedcd1fc402cf9e5'),
('P1-0009', 'P01', '1', '7', '2025-02-01 00:00:01', 'E01', null, 'SALE', '45.00', '7.50', '0.00', 'EUR', 'CARD', '2025-02-01 00:00:01', 2, 10, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '6b4e6107440acb424c5c865d27468ccc'),
('P1-0010', 'P01', '1', '8', '2025-03-30 02:30:00', 'E01', null, 'SALE', '14.90', '2.48', '0.00', 'EUR', 'CARD', '2025-03-30 02:30:00', 2, 11, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', 'ed87b56c9983ca3621af40604e2b4c34'),
('P1-0011', 'P01', '1', '9', '2025-10-26 02:30:00', 'E01', null, 'SALE', '29.80', '4.97', '0.00', 'EUR', 'CARD', '2025-10-26 02:30:00', 2, 12, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', 'ec4c304f739dff23db2316948ba965ac'),
('C1-0001', 'C01', '1', '1', '2025-01-31 23:30:00', 'E03', null, 'SALE', '75.00', '4.91', '0.00', 'EUR', 'CARD', '2025-01-31 23:30:00', 2, 13, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '1d0238b2a17ea8f4098653db620a3ee0'),
('C1-0002', 'C01', '1', '2', '2025-05-05 18:30:00', 'E03', 'v1_ivnfu7a2ekaxogyc5agz5dn3k5', 'SALE', '50.40', '3.30', '0.00', 'EUR', 'CARD', '2025-05-05 18:30:00', 2, 14, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '896e8e2e66490ef3b340cb8dbf2b219d'),
('P1-0013', 'P01', '1', '10', '2025-02-10 10:00:00', 'E02', 'v1_ulfqapfhdjurlwv6jhgay5fxpd', 'SALE', '44.70', '7.45', '0.00', 'EUR', 'CARD', '2025-02-10 10:00:00', 2, 15, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '5ca1dc32614eddae68275c1bd3ada7dc'),
('P1-0014', 'P01', '1', '11', '2025-09-10 10:00:00', 'E02', 'v1_ulfqapfhdjurlwv6jhgay5fxpd', 'SALE', '107.88', '17.98', '0.00', 'EUR', 'CARD', '2025-09-10 10:00:00', 2, 16, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '70143f44dc51ae65ba6989df5565ffe5'),
('P1-0015', 'P01', '1', '12', '2025-02-14 19:00:00', 'E01', 'v1_ivnfu7a2ekaxogyc5agz5dn3k5', 'SALE', '61.70', '10.28', '0.00', 'EUR', 'CARD', '2025-02-14 19:00:00', 2, 17, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', 'edf82cc3931bcfc3b125c7c395534c59'),
('P1-0016', 'P01', '1', '13', '2024-12-01 17:00:00', 'E01', null, 'SALE', '50.00', '0.00', '0.00', 'EUR', 'CARD', '2024-12-01 17:00:00', 2, 18, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '42e9a9f31f4a141b9b49d7d61a1e614a'),
('P1-0017', 'P01', '1', '14', '2025-03-03 17:00:00', 'E01', null, 'SALE', '46.80', '7.80', '0.00', 'EUR', 'GIFT CARD', '2025-03-03 17:00:00', 2, 19, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', 'c922dbba37caebc569b5a41b28c1108d'),
('P1-0018', 'P01', '1', '15', '2025-03-04 17:00:00', 'E02', null, 'SALE', '67.51', '8.96', '5.28', 'EUR', 'CARD', '2025-03-04 17:00:00', 2, 20, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', 'd6afc2092b8a7a42868947fe33aa972c'),
('P1-0020', 'P01', '1', '16', '2025-10-29 18:00:00', 'E02', null, 'SALE', '29.80', '4.97', '0.00', 'EUR', 'CARD', '2025-10-29 18:00:00', 2, 21, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '10c007469ed559643c436a0e8f460e19'),
('P1-0021', 'P01', '1', '17', '2025-10-30 18:00:00', 'E02', 'v1_whmvgzevgprbqa4hlzpwfreqjk', 'SALE', '30.10', '5.02', '0.00', 'EUR', 'CARD', '2025-10-30 18:00:00', 2, 22, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '22a33022930ab683a0f6fed3f5e32a0e'),
('C1-0003', 'C01', '1', '3', '2025-10-31 12:00:00', 'E03', null, 'RETURN', '-15.00', '-0.98', '0.00', 'EUR', 'CARD', '2025-10-31 12:00:00', 2, 23, '2025-10-31 00:00:00', '2026-11-22 00:11:04.062140', '81b0c25330778628699fb51e5c21913c'),
('P1-0020', 'P01', '1', '16', '2025-10-29 18:00:00', 'E02', 'v1_pw5ik7wndchi7g55n6ehqpxpj7', 'SALE', '14.90', '2.48', '0.00', 'EUR', 'CARD', '2025-11-01 09:00:00', 3, 2, '2025-11-03 00:00:00', '2026-11-22 00:11:04.124566', '34ff35e66c7d60ef520cfaf7735c9ce3'),
('P1-0021', 'P01', '1', '17', '2025-10-30 18:00:00', 'E02', 'v1_whmvgzevgprbqa4hlzpwfreqjk', 'SALE', '30.10', '5.02', '0.00', 'EUR', 'CARD', '2025-10-30 18:00:00', 3, 3, '2025-11-03 00:00:00', '2026-11-22 00:11:04.124566', '22a33022930ab683a0f6fed3f5e32a0e'),
('P1-0019', 'P01', '3', '1', '2025-09-20 11:00:00', 'E02', 'v1_whmvgzevgprbqa4hlzpwfreqjk', 'SALE', '45.36', '7.56', '5.04', 'EUR', 'CARD', '2025-11-01 09:30:00', 3, 4, '2025-11-03 00:00:00', '2026-11-22 00:11:04.124566', '9bd468a83074ae884a7f268e59e2bb97'),
('P1-0022', 'P01', '1', '18', '2025-11-02 15:00:00', 'E02', null, 'SALE', '44.90', '7.50', '0.10', 'EUR', 'CARD', '2025-11-02 15:00:00', 3, 5, '2025-11-03 00:00:00', '2026-11-22 00:11:04.124566', 'bb5921e724c8c158dc522ae220f8868f');

set role publisher;

create table ops.golden_keys (
    customer_key text,
    anchor_source_customer_key text,
    event text,
    merged_into text,
    publication_number bigint
);
insert into ops.golden_keys values
('c_1', 'magento:1', 'born', null, 1),
('c_2', 'cashmere:2', 'born', null, 1);

create table ops.publication (
    publication_number bigint not null,
    run_id text not null,
    as_of date not null,
    published_at timestamp not null,
    table_name text not null,
    row_count bigint not null,
    content_hash text not null,
    primary key (publication_number, table_name)
);
insert into ops.publication values
(1, 'an-earlier-run', '2025-11-04', '2025-11-05 02:00:00', 'marts.sales_daily', 2, '77');

create table ops.lease (
    only_row boolean primary key default true check (only_row),
    token bigint not null,
    run_id text not null,
    since timestamp not null,
    host text not null,
    process bigint not null
);
insert into ops.lease values
(true, 1, 'an-earlier-run', '2026-11-22 00:11:03.364859', 'vm', 4360);

reset role;
